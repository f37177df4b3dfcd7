"""Self-check: ``python -m gantutor`` says whether this machine is ready for the series.

With arguments it is another program: see ``cli.py``.
"""

import sys
import time
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement


def main() -> int:
    """Print versions, device and one real detection; 0 if all is well, else 1."""
    began = time.perf_counter()
    problems = _check_versions() or _check_backend()
    if not problems:
        problems = _check_detection()
    for problem in problems:
        print(f"PROBLEM: {problem}")
    if problems:
        print("Run the set-up of README.md again, then this check.")
        return 1
    print(f"OK, in {time.perf_counter() - began:.0f} s.")
    return 0


def _check_versions() -> list[str]:
    problems = []
    python = ".".join(map(str, sys.version_info[:3]))
    print(f"python        {python:12} needed: >=3.11,<3.14")
    if not (3, 11) <= sys.version_info[:2] < (3, 14):
        problems.append(f"Python {python} is not among 3.11, 3.12 and 3.13.")
    for line in requires("gantutor") or []:
        needed = Requirement(line)
        if needed.marker and not needed.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(needed.name)
        except PackageNotFoundError:
            found = "missing"
        fits = found != "missing" and needed.specifier.contains(found, prereleases=True)
        print(f"{needed.name:13} {found:12} needed: {needed.specifier}")
        if not fits:
            problems.append(f"{needed.name} is {found}, needed is {needed.specifier}.")
    return problems


def _check_backend() -> list[str]:
    from gantutor.startup import refuse_other_backend

    try:
        refuse_other_backend()
    except ImportError as error:
        return [str(error)]
    return []


def _check_detection() -> list[str]:
    import gantutor as gt

    gt.setup(seed=0)
    import tensorflow as tf
    from sklearn.metrics import roc_auc_score

    gpus = tf.config.list_physical_devices("GPU")
    print(
        f"device        {f'{len(gpus)} GPU' if gpus else 'CPU (enough for all of it)'}"
    )
    X, y = gt.data.breast_cancer()
    X_train, X_test, y_test = gt.data.one_class_split(X, y)
    detector = gt.detectors.WGAN(random_state=0).fit(X_train)
    auroc = roc_auc_score(y_test, detector.anomaly_score(X_test))
    print(f"detection     malignant tumours among benign ones, AUROC {auroc:.3f}")
    if auroc < 0.8:
        return [f"The AUROC is {auroc:.3f}; at least 0.8 was expected."]
    return []


if __name__ == "__main__":
    if sys.argv[1:]:
        from gantutor import cli

        sys.exit(cli.main(sys.argv[1:]))
    sys.exit(main())
