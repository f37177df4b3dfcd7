"""The files that set the project up agree with each other, and with what is installed."""

import importlib.metadata
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
SUPPORTED = SpecifierSet(PROJECT["requires-python"])
MINORS = [v for v in (f"3.{n}" for n in range(30)) if f"{v}.99" in SUPPORTED]
EXTRAS = PROJECT["optional-dependencies"]
DIRECT = [
    requirement
    for requirement in map(Requirement, sum(EXTRAS.values(), PROJECT["dependencies"]))
    if requirement.name != PROJECT["name"]  # an extra that holds other extras
]

unpinned = pytest.mark.skipif(
    os.environ.get("GANTUTOR_UNPINNED") == "1",
    reason="GANTUTOR_UNPINNED=1: this environment was built without constraints.txt",
)


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def pins() -> list[Requirement]:
    return [Requirement(line) for line in read("constraints.txt").splitlines()]


def pins_of(name: str, where: dict[str, str] | None = None) -> list[Requirement]:
    """The pins of a package; with `where`, those that hold in that environment."""
    name = canonicalize_name(name)
    found = [p for p in pins() if canonicalize_name(p.name) == name]
    if where is None:
        return found
    return [p for p in found if p.marker is None or p.marker.evaluate(where)]


def conda() -> dict:
    return yaml.safe_load(read("environment.yml"))


def workflow(name: str = "test") -> dict:
    return yaml.safe_load(read(f".github/workflows/{name}.yml"))


def commands(job: dict) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def published_files() -> list[Path]:
    """Every file that git tracks or would add; outside a clone, every file not hidden."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.check_output(command, cwd=ROOT, stderr=subprocess.DEVNULL)
        names = [name for name in listed.decode("utf-8").split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = []
    paths = [ROOT / name for name in names] or [
        path
        for path in ROOT.rglob("*")
        if not {".venv", ".git", "__pycache__"} & set(path.relative_to(ROOT).parts)
        and not any(part.endswith(("egg-info", "_cache")) for part in path.parts)
    ]
    return [path for path in paths if path.is_file()]


# Python versions


def test_conda_environment_uses_a_supported_python():
    python = [d for d in conda()["dependencies"] if str(d).startswith("python=")]
    assert [p.removeprefix("python=") in MINORS for p in python] == [True]


@pytest.mark.parametrize("job", ["test", "newest"])
def test_workflow_tries_the_oldest_and_the_newest_python(job):
    tried = workflow()["jobs"][job]["strategy"]["matrix"]["python"]
    assert {MINORS[0], MINORS[-1]} <= set(tried) <= set(MINORS)


def test_makefile_accepts_looks_for_and_names_every_supported_python():
    makefile = read("Makefile")
    supported = re.search(r"^supported := (.*)$", makefile, re.MULTILINE).group(1)
    bounds = [f"3.{minor}" for minor in re.findall(r"\(3, (\d+)\)", supported)]
    assert bounds == [MINORS[0], MINORS[-1]]
    candidates = re.search(r"^candidates = (.*)$", makefile, re.MULTILINE).group(1)
    assert set(re.findall(r"python(3\.\d+)", candidates)) == set(MINORS)
    messages = re.findall(r"Python (3\.\d+), (3\.\d+) or (3\.\d+)", makefile)
    assert set(messages) == {tuple(MINORS)}


def test_constraints_are_made_for_the_oldest_python_and_every_extra():
    makefile = read("Makefile")
    assert f"--python-version {MINORS[0]} " in makefile
    assert set(re.findall(r"--extra (\w+)", makefile)) == set(EXTRAS)


# Pins


def test_constraints_pin_exactly():
    exact = re.compile(r"==[^*,]+")
    assert [str(p) for p in pins() if not exact.fullmatch(str(p.specifier))] == []


def test_direct_dependencies_are_pinned_inside_their_ranges():
    outside = [
        str(pin)
        for requirement in DIRECT
        for pin in pins_of(requirement.name)
        if not requirement.specifier.contains(
            str(pin.specifier).removeprefix("=="), prereleases=True
        )
    ]
    assert outside == []


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_direct_dependencies_have_one_pin_on_every_system(system):
    where = {"sys_platform": system, "os_name": "nt" if system == "win32" else "posix"}
    counts = {
        (r.name, python): len(pins_of(r.name, where | version))
        for python in MINORS
        for version in [
            {"python_version": python, "python_full_version": f"{python}.9"}
        ]
        for r in DIRECT
    }
    missing = {key for key, n in counts.items() if n != 1}
    assert missing == set(), "run make constraints"


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_constraints_know_other_systems(system):
    assert any(f'sys_platform == "{system}"' in str(p.marker) for p in pins())


@unpinned
def test_installed_versions_are_the_pinned_ones():
    """Follows the dependencies of the project and of its `test` extra to the last one."""
    todo = [Requirement(r) for r in PROJECT["dependencies"] + EXTRAS["test"]]
    seen, wrong = set(), []
    while todo:
        wanted = todo.pop()
        name = canonicalize_name(wanted.name)
        if (name, frozenset(wanted.extras)) in seen:
            continue
        if name == PROJECT["name"]:
            todo += [Requirement(r) for extra in wanted.extras for r in EXTRAS[extra]]
            continue
        seen.add((name, frozenset(wanted.extras)))
        pinned = [str(p.specifier).removeprefix("==") for p in pins_of(name, where={})]
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(f"{name}: not installed, pinned {pinned}")
            continue
        if [distribution.version] != pinned:
            wrong.append(f"{name}: installed {distribution.version}, pinned {pinned}")
        for line in distribution.requires or []:
            requirement = Requirement(line)
            extras = wanted.extras or {""}
            if requirement.marker is None or any(
                requirement.marker.evaluate({"extra": extra}) for extra in extras
            ):
                todo.append(requirement)
    assert not wrong, (
        "\n".join(sorted(set(wrong)))
        + "\nThis environment was not built from constraints.txt. Run make test,"
        + " or set GANTUTOR_UNPINNED=1 to try other versions on purpose."
    )


# One way in for everybody


def test_conda_environment_takes_conda_forge_alone():
    assert conda()["channels"] == ["conda-forge", "nodefaults"]


def test_conda_environment_installs_through_the_constraints():
    pip_lines = [d["pip"] for d in conda()["dependencies"] if isinstance(d, dict)]
    assert pip_lines == [["--constraint constraints.txt", "--editable .[test]"]]
    assert [d for d in conda()["dependencies"] if isinstance(d, str)][1:] == ["pip"]


def test_makefile_installs_through_the_constraints():
    installs = re.findall(r"-m pip install .*-e .*", read("Makefile"))
    assert len(installs) == 1
    assert "-c constraints.txt -e '.[test]'" in installs[0]


def test_makefile_and_readme_say_the_same_of_the_download():
    makefile, readme = read("Makefile"), read("README.md")
    for amount in (r"(\d+) MB come", r"(\d\.\d) GB of disk"):
        (said,) = re.findall(amount, makefile)
        assert re.search(rf"\b{said} (?:MB|GB)\b", readme), said


def test_readers_get_the_package_s_dependencies_and_jupyterlab_as_pinned():
    lines = read("requirements-reader.txt").splitlines()
    assert "--constraint constraints.txt" in lines
    wanted = [Requirement(line) for line in lines if re.match("[a-z]", line)]
    direct = [Requirement(line) for line in PROJECT["dependencies"]]
    names = {requirement.name for requirement in wanted}
    assert names == {r.name for r in direct} | {"jupyterlab", "tensorflow-cpu"}
    light = [str(r.specifier) for r in wanted if r.name == "tensorflow-cpu"]
    assert light == [str(p.specifier) for p in pins_of("tensorflow")]


@pytest.mark.parametrize(
    ("system", "machine"),
    [
        ("linux", "x86_64"),
        ("linux", "aarch64"),
        ("darwin", "arm64"),
        ("win32", "AMD64"),
    ],
)
def test_readers_get_one_tensorflow(system, machine):
    where = {"sys_platform": system, "platform_machine": machine}
    lines = [
        line for line in read("requirements-reader.txt").splitlines() if ";" in line
    ]
    fitting = [Requirement(line).marker.evaluate(where) for line in lines]
    assert sorted(fitting) == [False, True]


def test_ci_runs_make_test():
    run = ROOT / ".ci/run"
    lines = run.read_text("utf-8").splitlines()
    assert "make test" in lines
    assert "set -euo pipefail" in lines
    assert os.name == "nt" or os.access(run, os.X_OK)


def test_workflow_runs_the_tests_on_three_systems():
    job = workflow()["jobs"]["test"]
    systems = job["strategy"]["matrix"]["os"]
    assert {s.split("-")[0] for s in systems} == {"ubuntu", "macos", "windows"}
    assert commands(job) == [
        "make test PYTHON=python",
        'python -m pip install -c constraints.txt -e ".[test]"',
        "python -m pytest -n 2",
    ]


def test_workflow_checks_the_conda_environment():
    assert commands(workflow()["jobs"]["conda"]) == [
        "conda env create --file environment.yml",
        f"conda run --name {conda()['name']} --no-capture-output python -m gantutor",
    ]


def test_workflow_tries_the_newest_releases_without_pins():
    job = workflow()["jobs"]["newest"]
    assert job["env"]["GANTUTOR_UNPINNED"] == "1"
    assert not any("constraints.txt" in command for command in commands(job))
    assert commands(job)[-1] == "python -m pytest -n 2"


def test_workflow_jobs_end_and_only_read():
    assert workflow()["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] <= 60 for job in workflow()["jobs"].values())


def test_workflow_builds_the_site_and_reads_it_in_a_browser():
    job = workflow("site")["jobs"]["build"]
    assert commands(job) == [
        "make site slides PYTHON=python",
        '.venv/bin/python -m pip install -c constraints.txt -e ".[browser]"',
        ".venv/bin/python tests/browser/read_site.py docs/_build/html",
        ".venv/bin/python tests/browser/read_site.py docs/_build/slides",
    ]
    assert job["steps"][-1]["with"]["path"] == "docs/_build/html"


def test_only_main_is_published_and_only_that_job_may_write():
    site = workflow("site")
    assert site["permissions"] == {"contents": "read"}
    assert "permissions" not in site["jobs"]["build"]
    publish = site["jobs"]["publish"]
    assert publish["if"] == "github.ref == 'refs/heads/main'"
    assert publish["needs"] == "build"
    assert publish["permissions"] == {"pages": "write", "id-token": "write"}


def test_built_pages_are_not_committed_and_cleaned():
    assert "docs/_build/" in read(".gitignore").splitlines()
    assert re.search(r"rm -rf .*docs/_build", read("Makefile"))


def test_citation_has_the_version_of_the_project():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert str(citation["version"]) == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]


def test_package_and_changelog_have_the_version_of_the_project():
    version = PROJECT["version"]
    assert f'\n__version__ = "{version}"\n' in read("gantutor/__init__.py")
    newest = re.search(r"^## (\S+), ", read("CHANGELOG.md"), re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == version


def test_every_method_is_in_the_shell_command_and_the_readme():
    listed = re.findall(r'^    "(\w+)",$', read("gantutor/detectors/__init__.py"), re.M)
    methods = set(listed) - {"Detector", "Ensemble"}
    (gans,) = re.findall(r"^GANS = \(([^)]*)\)$", read("gantutor/cli.py"), re.M)
    assert set(re.findall(r'"(\w+)"', gans)) == methods
    rows = re.findall(r"^\| `(\w+)` \|", read("README.md"), re.M)
    assert methods <= set(rows)


def test_licences_are_there():
    assert PROJECT["license-files"] == ["LICENSE", "LICENSE-prose"]
    assert "Apache License" in read("LICENSE")
    assert "Copyright 2026 The gantutor authors" in read("LICENSE")
    assert "CC-BY-4.0" in read("LICENSE-prose")


# Nothing published depends on one machine's package index

INDEX = re.compile(
    r"""://[^\s"']*(?:pypi|pythonhosted|(?:conda|repo)\.anaconda)  # a package index
      | ://[^\s"']*/(?:simple|whl)(?:/|[\s"'<>)]|$)  # a mirror of one
      | --(?:extra-)?index[-]url | --find-links | ^\s*(?:extra-)?index[-]url\s*=
      | --default-index | --trusted-host""",
    re.VERBOSE | re.MULTILINE | re.IGNORECASE,
)
ABOUT_ITSELF = Path(__file__).resolve()


def test_no_file_names_a_package_index():
    named = {}
    for path in published_files():
        if path == ABOUT_ITSELF:
            continue
        found = INDEX.search(path.read_text("utf-8", errors="ignore"))
        if found:
            named[str(path.relative_to(ROOT))] = found.group()
    assert named == {}


@pytest.mark.parametrize("name", ["constraints.txt", "environment.yml"])
def test_lists_of_packages_hold_no_address(name):
    assert "://" not in read(name)
    assert " @ " not in read(name)
