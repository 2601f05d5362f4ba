# SPDX-License-Identifier: MIT
"""A vendored port as a set of files: what it should hold, what it holds, and
the way from one to the other."""

import hashlib
import os
import pathlib
import tempfile

MANIFEST = "MANIFEST"
_HEADER = "# ext_ebpf"


class VendoringError(Exception):
    """Something that a person has to look at: the text says what."""


def hash_of(data):
    return hashlib.sha256(data).hexdigest()


class Manifest:
    """Which files a folder was given, their hashes, and where each came from."""

    def __init__(self, title, files=None):
        self.title = title  # "port dragonos, x86_64, version 0.8.0"
        self.files = dict(files or {})  # path: (hash, origin)

    def text(self):
        lines = [f"{_HEADER}: {self.title}"]
        lines += [f"{h}  {path}  {origin}" for path, (h, origin) in sorted(self.files.items())]
        return "\n".join(lines) + "\n"

    @staticmethod
    def read(folder):
        path = pathlib.Path(folder) / MANIFEST
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            raise VendoringError(f"{folder} has no {MANIFEST}: it is no folder of tools/vendor") from None
        except (OSError, UnicodeDecodeError) as error:
            raise VendoringError(f"{path} cannot be read: {error}") from None
        if not lines or not lines[0].startswith(_HEADER + ": "):
            raise VendoringError(f"{path} does not begin as a manifest of tools/vendor")
        manifest = Manifest(lines[0][len(_HEADER) + 2 :])
        for number, line in enumerate(lines[1:], 2):
            parts = line.split("  ")
            if len(parts) != 3 or len(parts[0]) != 64 or not is_inside(parts[1]):
                raise VendoringError(f"{path}:{number} is not `hash  path  origin`")
            manifest.files[parts[1]] = (parts[0], parts[2])
        return manifest


def is_inside(path):
    """Whether a path of a manifest stays in its folder."""
    parts = pathlib.PurePosixPath(path).parts
    return bool(parts) and ".." not in parts and not path.startswith("/")


class Content:
    """What a folder should hold: path: (bytes, origin)."""

    def __init__(self, title):
        self.title = title
        self.files = {}

    def add(self, path, data, origin):
        assert is_inside(path) and path not in self.files, path
        self.files[path] = (data, origin)

    def manifest(self):
        return Manifest(self.title, {p: (hash_of(d), o) for p, (d, o) in self.files.items()})


def _read(folder, path):
    """Bytes of a file, or None where there is none."""
    full = folder / path
    if not full.parent.resolve().is_relative_to(folder.resolve()):
        raise VendoringError(f"{full} leads out of {folder}")
    if not full.is_file():
        if full.exists() or full.is_symlink():
            raise VendoringError(f"{full} is not a file")
        return None
    return full.read_bytes()


def _write(folder, path, data):
    """Either the old bytes or the new ones are there, at each moment."""
    full = folder / path
    full.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=full.parent, prefix=".vendor-")
    try:
        with os.fdopen(handle, "wb") as f:
            f.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, full)
    except BaseException:
        os.unlink(temporary)
        raise


def _remove(folder, path):
    (folder / path).unlink()
    for parent in pathlib.PurePosixPath(path).parents:
        if str(parent) != "." and not any((folder / parent).iterdir()):
            (folder / parent).rmdir()


def create(folder, content):
    """Writes a new folder; it must not hold anything yet."""
    folder = pathlib.Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise VendoringError(f"{folder} is not empty; --update {folder} changes a folder that is there")
    for path, (data, _) in content.files.items():
        _write(folder, path, data)
    _write(folder, MANIFEST, content.manifest().text().encode())


def check(folder):
    """What is not as the folder's own manifest says: [(what, path)]."""
    folder = pathlib.Path(folder)
    manifest = Manifest.read(folder)
    findings = []
    for path, (expected, _) in sorted(manifest.files.items()):
        data = _read(folder, path)
        if data is None:
            findings.append(("missing", path))
        elif hash_of(data) != expected:
            findings.append(("edited", path))
    findings += [("not ours", path) for path in _others(folder, manifest)]
    return findings


def _others(folder, manifest):
    paths = (p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if not p.is_dir())
    return [p for p in paths if p != MANIFEST and p not in manifest.files]


class Update:
    """What it takes to bring `folder` to `content`. Nothing is done yet."""

    def __init__(self, folder, content):
        self.folder = pathlib.Path(folder)
        self.content = content
        old = Manifest.read(self.folder)
        new = content.manifest()
        self.added = []
        self.changed = []
        self.removed = []
        # [(path, why)]: somebody's own work, which would be lost.
        self.conflicts = []
        self.kept = [p for p in _others(self.folder, old) if p not in new.files]
        for path in sorted(set(old.files) | set(new.files)):
            self._decide(path, old.files.get(path, (None,))[0], new.files.get(path, (None,))[0])

    def _decide(self, path, old, new):
        """By hashes: of the old manifest and of the new; None: not there."""
        data = _read(self.folder, path)
        here = hash_of(data) if data is not None else None
        if here == new:
            return  # as it should be; an update that was cut short goes on
        if here != old:
            self.conflicts.append((path, self._why(here, old, new)))
        if new is None:
            self.removed.append(path)
        elif here is None:
            self.added.append(path)
        else:
            self.changed.append(path)

    @staticmethod
    def _why(here, old, new):
        if here is None:
            return "was deleted"
        if old is None:
            return "is not from here, and would be overwritten"
        return "was edited" if new is not None else "was edited, and is to be removed"

    def apply(self, force=False):
        """Does it. Where that would undo somebody's work it does nothing, and
        VendoringError says what is in the way; with `force` it keeps that work
        beside, as PATH.local."""
        if self.conflicts and not force:
            lines = "".join(f"\n  {path} {why}" for path, why in self.conflicts)
            raise VendoringError(f"nothing was changed: in {self.folder}{lines}")
        for path, _ in self.conflicts:
            data = _read(self.folder, path)
            if data is not None:
                _write(self.folder, self._free_name(path), data)
        for path in self.added + self.changed:
            _write(self.folder, path, self.content.files[path][0])
        for path in self.removed:
            if _read(self.folder, path) is not None:
                _remove(self.folder, path)
        _write(self.folder, MANIFEST, self.content.manifest().text().encode())

    def _free_name(self, path):
        name = path + ".local"
        number = 1
        while (self.folder / name).exists():
            number += 1
            name = f"{path}.local{number}"
        return name
