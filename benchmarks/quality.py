"""Detection quality of every detector beside the classical baselines, on the same splits.

    python -m benchmarks.quality
    python -m benchmarks.quality --only letter --methods WGAN "5th neighbour" --seeds 2

Half of the normal rows train, the other half and all anomalies test; no label is used before
the AUROC. Tables with more than 10,000 rows are cut to a random 10,000. Six open tables of
ADBench (Han et al. 2022) are fetched once, or read from the folder that GANTUTOR_DATA names:
each ``*.npz`` in it that holds X and y (1 = anomaly) is one more table.

Each result is written to the CSV file at once, and a run goes on where it was stopped.
"untrained" is the same detector on networks that keep their initial weights: the difference
is what the training has added to the score.
"""

import argparse
import os
import platform
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import bootstrap
from sklearn.base import clone
from tqdm import tqdm

import gantutor as gt
from benchmarks import peers
from gantutor.detectors.ensemble import default_members

HERE = Path(__file__).parent
MAX_ROWS = 10_000
DETECTORS = [
    "GAN",
    "WGAN",
    "FenceGAN",
    "AnoGAN",
    "FAnoGAN",
    "BiGAN",
    "ALAD",
    "GANomaly",
]
ADBENCH = (
    "https://raw.githubusercontent.com/Minqi824/ADBench/"
    "3dac8221/adbench/datasets/Classical/"
)
SHA256 = {
    "16_http.npz": "9d98710091551587f4740cfc851a6b064fff6319a337c2dc77ee6da4bcc2e02c",
    "18_Ionosphere.npz": "bca46cb0cfd1bf9ddef6cde5ad2215d54fb0189508d0d4c4eb98e788cad69001",
    "20_letter.npz": "f986d3da80cf1fa2aea83a5ebe73b7d4800e0d4c01fdd1ae074b58d20f10d039",
    "22_magic.gamma.npz": "0be375984d7af9ea7a63b12206c240840d8b7daa3607021c5fb8756407dd86f1",
    "38_thyroid.npz": "8de161b3f235b7647bb0b39a836d983ff61d67bf234edac461da2d71e889cb87",
    "44_Wilt.npz": "c70b72aa611ec87b20efb400943ef3ce4f8bf7aa58fcef825fbd28cc5cee3cc9",
}
PACKAGES = {  # whose versions are noted, and how they are imported
    "gantutor": "gantutor",
    "tensorflow": "tensorflow",
    "scikit-learn": "sklearn",
    "pyod": "pyod",
}
RUN = ("data", "detector", "seed")  # what names one line of the results
UNTRAINED = " untrained"
AGAINST = ("isolation forest", "5th neighbour")
# of images it has too many features for one covariance
GAUSSIAN = "WGAN, gaussian"
# one step that moves no weight: the networks stay as they were drawn
STANDING_STILL = {"n_steps": 1, "learning_rate": 1e-12}

Load = Callable[[int], tuple[np.ndarray, np.ndarray]]


def rung(kind: str, level: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    normal, abnormal = gt.data.ladder(kind, level, seed=seed)
    y = np.repeat([0, 1], [len(normal), len(abnormal)])
    return np.concatenate([normal, abnormal]), y


def tumours(seed: int) -> tuple[np.ndarray, np.ndarray]:
    X, y = gt.data.breast_cancer()
    return X.to_numpy(), y


def one_digit(digit: int, normal: bool, seed: int) -> tuple[np.ndarray, np.ndarray]:
    X, y = gt.data.digits(digit)
    return X, 1 - y if normal else y


def from_file(path: Path, seed: int) -> tuple[np.ndarray, np.ndarray]:
    with np.load(path) as file:
        X, y = file["X"], file["y"].astype(int)
    keep = np.random.default_rng(seed).permutation(len(X))[:MAX_ROWS]
    return X[keep], y[keep]


LADDER: dict[str, Load] = {
    f"{kind} {level:g}": partial(rung, kind, level) for kind, level in gt.data.LADDER
}
DIGITS: dict[str, dict[str, Load]] = {
    f"digits, one {what}": {
        f"digit {digit} {what}": partial(one_digit, digit, what == "normal")
        for digit in range(10)
    }
    for what in ("anomalous", "normal")
}
IMAGES = {name for named in DIGITS.values() for name in named}
TUMOURS, TABLES = "breast cancer", "open tables"


def open_tables(folder: str | None) -> dict[str, Load]:
    """The tables of the folder, or those of ADBench, fetched if need be."""
    if folder:
        paths = sorted(Path(folder).glob("*.npz"))
        if not paths:
            raise SystemExit(
                f"{folder} holds no *.npz file. Put tables with X and y there, or name no "
                "folder: then those of ADBench are fetched."
            )
    else:
        try:
            import pooch

            store = pooch.create(pooch.os_cache("gantutor"), ADBENCH, registry=SHA256)
            paths = [Path(store.fetch(name)) for name in SHA256]
        except (ImportError, OSError, ValueError) as error:
            raise SystemExit(
                f"The open tables could not be fetched ({error}). Install pooch and go "
                "online once; or put the *.npz files of ADBench into a folder and name it in "
                "GANTUTOR_DATA; or ask for others: --only ladder, --only digit."
            ) from None
    names = {path: path.stem.partition("_")[2] or path.stem for path in paths}
    return {name: partial(from_file, path) for path, name in names.items()}


def data_sets(only: str, folder: str | None) -> dict[str, Load]:
    """Functions of a seed that give X and y: those whose group or name holds `only`."""
    groups = {"ladder": LADDER, TUMOURS: {TUMOURS: tumours}, TABLES: {}, **DIGITS}

    def chosen() -> dict[str, Load]:
        return {
            name: load
            for group, named in groups.items()
            for name, load in named.items()
            if only in name or only in group
        }

    if not only or only in TABLES or not chosen():  # else nothing needs to be fetched
        groups[TABLES] |= open_tables(folder)
    found = chosen()
    if not found:
        names = ", ".join(name for named in groups.values() for name in named)
        raise SystemExit(f"No data set has {only!r} in its name. There are: {names}.")
    return found


def standing_still(detector: gt.detectors.Detector) -> gt.detectors.Detector:
    """A copy whose networks keep their initial weights."""
    names = detector.get_params()
    settings = {k: v for k, v in STANDING_STILL.items() if k in names}
    return clone(detector).set_params(**settings)


def methods() -> dict[str, object]:
    """What is compared, by name: something that `gt.evaluation.evaluate` takes."""
    ours = {name: getattr(gt.detectors, name)() for name in DETECTORS}
    ours[GAUSSIAN] = gt.detectors.WGAN(scored_by="gaussian")
    ours["GANomaly, with residual"] = gt.detectors.GANomaly(score_contextual_weight=1.0)
    untrained = {name + UNTRAINED: standing_still(d) for name, d in ours.items()}
    members = default_members()
    ours["Ensemble"] = gt.detectors.Ensemble()
    untrained["Ensemble" + UNTRAINED] = gt.detectors.Ensemble(
        [standing_still(member) for member in members]
    )
    ours["GANomaly, no adversary"] = gt.detectors.GANomaly(adversarial_weight=0.0)
    ours["FAnoGAN, no adversary"] = gt.detectors.FAnoGAN(
        n_steps=1, n_encoder_steps=gt.detectors.FAnoGAN.table_defaults["n_steps"]
    )
    ours["Ensemble, no adversary"] = gt.detectors.Ensemble(
        [
            member.set_params(adversarial_weight=0.0)
            if isinstance(member, gt.detectors.GANomaly)
            else standing_still(member)
            for member in members
        ]
    )
    return {**ours, **gt.evaluation.BASELINES, **peers.detectors(), **untrained}


def run(options: argparse.Namespace) -> pd.DataFrame:
    """Add to the CSV file what it lacks, and return all of it."""
    versions = {
        name: version(name) if find_spec(module) else ""
        for name, module in PACKAGES.items()
    }
    versions["python"] = platform.python_version()
    tried = methods()
    if unknown := set(options.methods or ()) - set(tried):
        raise SystemExit(
            f"There is no method {', '.join(sorted(unknown))}. There are: "
            f"{', '.join(tried)}."
        )
    out = Path(options.csv)
    known = pd.read_csv(out) if out.exists() else pd.DataFrame(columns=list(RUN))
    done = set(known[list(RUN)].itertuples(index=False, name=None))
    chosen = data_sets(options.only, options.folder)
    left = [
        (data, name, seed)
        for data in chosen
        for name in options.methods or tried
        for seed in range(options.seeds)  # in a row: they share their graphs
        if (data, name, seed) not in done
        and not (name.startswith(GAUSSIAN) and data in IMAGES)
    ]
    for data, name, seed in tqdm(left, unit="fit", file=sys.stdout):
        X, y = chosen[data](seed)
        line = gt.evaluation.evaluate({name: tried[name]}, X, y, seeds=[seed])
        line.insert(0, "data", data)
        line["n_features"] = X[0].size
        line.assign(**versions).to_csv(
            out, mode="a", header=not out.exists(), index=False
        )
    return pd.read_csv(out)


def report(results: pd.DataFrame) -> str:
    """Markdown tables of AUROC: means of all groups, then one table for each group.

    Beside the mean over the data sets of a group stand the mean rank, the gain of training,
    and the difference to two baselines with a 95 % interval: a bootstrap over the data sets.
    A method that has not met all data sets of a group has no line there; one that has met
    them with fewer seeds than the others says so.
    """
    means, overview, parts = {}, {}, []
    for group, names in groups_of(results["data"].unique()).items():
        by_seed = results[results["data"].isin(names)].groupby(["detector", "data"])
        aurocs = by_seed["auroc"].mean().unstack()[names].dropna()
        spreads = by_seed["auroc"].std().unstack().loc[aurocs.index, names]
        trained = [name for name in aurocs.index if not name.endswith(UNTRAINED)]
        mean = aurocs.loc[trained].mean(axis=1).sort_values(ascending=False)
        gains = {
            name: f"{(aurocs.loc[name] - aurocs.loc[name + UNTRAINED]).mean():+.3f}"
            for name in trained
            if name + UNTRAINED in aurocs.index
        }
        means[group] = mean
        overview[group] = {
            name: f"{value:.3f}" + (f" ({gains[name]})" if name in gains else "")
            for name, value in mean.items()
        }
        table = aurocs.map("{:.3f}".format)
        table += spreads.map(" ± {:.3f}".format).where(spreads.notna(), "")
        if len(names) > 1:
            table["mean"] = mean.map("**{:.3f}**".format)
            ranks = aurocs.loc[trained].rank(ascending=False).mean(axis=1)
            table["rank"] = ranks.map("{:.1f}".format)
        table["gain of training"] = pd.Series(gains, dtype=str)
        for other in AGAINST:
            if other in trained and len(names) > 1:
                table[f"against {other}"] = {
                    name: interval(aurocs.loc[name] - aurocs.loc[other])
                    for name in trained
                    if name != other
                }
        seeds = by_seed["seed"].nunique().groupby("detector").min()
        few = {
            name: f"{name} ({n} seed{'s'[: n - 1]})"
            for name, n in seeds.items()
            if n < seeds.max()
        }
        table = table.loc[mean.index].fillna("").rename(few)
        parts.append(f"### {titled(group)}\n\n{markdown(table)}")
    of_all = pd.DataFrame(means)
    lead = (of_all - of_all.median()).mean(axis=1)  # not all have met all groups
    order = lead.sort_values(ascending=False).index
    table = pd.DataFrame(overview).loc[order].fillna("")
    first = f"### Mean AUROC (gain of training)\n\n{markdown(table)}"
    return "\n".join([first, *parts])


def titled(text: str) -> str:
    return text[0].upper() + text[1:]


def groups_of(names: Sequence[str]) -> dict[str, list[str]]:
    """The names of data sets by group, in the order of the groups."""
    known = {"ladder": list(LADDER), TUMOURS: [TUMOURS], TABLES: []}
    known |= {group: list(of) for group, of in DIGITS.items()}
    listed = [name for group in known.values() for name in group]
    known[TABLES] = [name for name in names if name not in listed]
    here = {group: [n for n in of if n in names] for group, of in known.items()}
    return {group: of for group, of in here.items() if of}


def interval(differences: pd.Series) -> str:
    """A mean over data sets, and its 95 % interval if there are enough of them."""
    said = f"{differences.mean():+.3f}"
    if len(differences) < 5 or differences.nunique() == 1:
        return said
    low, high = bootstrap(
        (differences,), np.mean, method="percentile", rng=np.random.default_rng(0)
    ).confidence_interval
    return f"{said} [{low:+.3f}, {high:+.3f}]"


def markdown(table: pd.DataFrame) -> str:
    lines = [["method", *table.columns], ["---"] * (table.shape[1] + 1)]
    lines += [list(map(str, line)) for line in table.itertuples(name=None)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5, help="default: %(default)s")
    parser.add_argument(
        "--csv", default=HERE / "quality.csv", help="results, added to: %(default)s"
    )
    parser.add_argument("--methods", nargs="+", metavar="NAME", help="these alone")
    parser.add_argument(
        "--only",
        default="",
        metavar="TEXT",
        help="data sets with TEXT in their name, or a group: ladder, tables, digits",
    )
    parser.add_argument(
        "--folder",
        default=os.environ.get("GANTUTOR_DATA"),
        help="folder of *.npz files with X and y (default: $GANTUTOR_DATA)",
    )
    options = parser.parse_args(arguments)
    gt.setup()
    print(report(run(options)))


if __name__ == "__main__":
    main()
