# SPDX-License-Identifier: MIT
"""A vendored port as a set of files: what it should hold, what it holds, and
the way from one to the other."""

import hashlib
import os
import pathlib
import re
import stat
import tempfile

MANIFEST = "MANIFEST"
# The manifest that an update is on the way to: it says, if the update is
# interrupted, which files are from here already.
_NEXT = "MANIFEST.next"
_HEADER = "# ext_ebpf"
_END = "# files: "
# What becomes a file when all of it is written, and is rubbish until then.
_UNFINISHED = re.compile(r"\.tools-vendor-\w+\.tmp")


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
        return "\n".join([*lines, f"{_END}{len(self.files)}"]) + "\n"

    @staticmethod
    def read(folder, name=MANIFEST):
        folder = pathlib.Path(folder)
        path = folder / name
        try:
            data = _read(folder, name)
            if data is None:
                raise VendoringError(f"{folder} has no {name}: it is no folder of tools/vendor")
            lines = data.decode().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise VendoringError(f"{path} cannot be read: {error}") from None
        if not lines or not lines[0].startswith(_HEADER + ": "):
            raise VendoringError(f"{path} does not begin as a manifest of tools/vendor")
        manifest = Manifest(lines[0][len(_HEADER) + 2 :])
        for number, line in enumerate(lines[1:-1], 2):
            parts = line.split("  ")
            if len(parts) != 3 or not re.fullmatch("[0-9a-f]{64}", parts[0]) or not is_inside(parts[1]):
                raise VendoringError(f"{path}:{number} is not `hash  path  origin`")
            if parts[1] in manifest.files:
                raise VendoringError(f"{path}:{number} names {parts[1]} again")
            manifest.files[parts[1]] = (parts[0], parts[2])
        if lines[-1] != f"{_END}{len(manifest.files)}":
            raise VendoringError(f"{path} is not whole: it does not end with how many files it names")
        return manifest


def is_inside(path):
    """Whether a path of a manifest is that of a file in its folder."""
    pure = pathlib.PurePosixPath(path)
    if not pure.parts or ".." in pure.parts or pure.is_absolute():
        return False
    return str(pure) == path and path not in (MANIFEST, _NEXT)


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
    """Bytes of a file, or None where there is none.

    A link is not followed: what it leads to is somebody else's.
    """
    full = folder / path
    for parent in pathlib.PurePosixPath(path).parents:
        if str(parent) != "." and (folder / parent).is_symlink():
            raise VendoringError(f"{folder / parent} is a link, and leads out of {folder}")
    try:
        mode = os.lstat(full).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISDIR(mode):
        return None
    if not stat.S_ISREG(mode):
        raise VendoringError(f"{full} is not a file")
    return full.read_bytes()


def _write(folder, path, data):
    """Either the old bytes or the new ones are there, at each moment."""
    full = folder / path
    full.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=full.parent, prefix=".tools-vendor-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as f:
            f.write(data)
        os.chmod(temporary, 0o755 if data.startswith(b"#!") else 0o644)
        os.replace(temporary, full)
    except BaseException:
        os.unlink(temporary)
        raise


def _remove(folder, path):
    (folder / path).unlink()
    for parent in pathlib.PurePosixPath(path).parents:
        if str(parent) != "." and not any((folder / parent).iterdir()):
            (folder / parent).rmdir()


def _remove_emptied(full):
    """A folder with nothing in it, or with what was left unfinished there."""
    for place, _, files in os.walk(full, topdown=False):
        for name in files:
            if not _is_unfinished(name):
                raise VendoringError(f"{place}/{name} has come while this went on")
            os.unlink(f"{place}/{name}")
        os.rmdir(place)


def create(folder, content):
    """Writes a new folder; it must not hold anything yet.

    As an update of nothing, so that a later one ends what was interrupted.
    """
    folder = pathlib.Path(folder)
    if folder.exists() and not folder.is_dir():
        raise VendoringError(f"{folder} is not a folder")
    if folder.exists() and any(folder.iterdir()):
        raise VendoringError(f"{folder} is not empty; --update {folder} changes a folder that is there")
    _write(folder, MANIFEST, Manifest(content.title).text().encode())
    Update(folder, content).apply()


def check(folder):
    """What is not as the folder's own manifest says: [(what, path)]."""
    folder = pathlib.Path(folder)
    manifest = Manifest.read(folder)
    findings = []
    for path, (expected, _) in sorted(manifest.files.items()):
        try:
            data = _read(folder, path)
        except VendoringError:
            findings.append(("not a file", path))
            continue
        if data is None:
            findings.append(("missing", path))
        elif hash_of(data) != expected:
            findings.append(("edited", path))
    ours = manifest.files
    if os.path.lexists(folder / _NEXT):
        findings.append(("an update was interrupted, and can be called again", _NEXT))
        ours = ours | Manifest.read(folder, _NEXT).files
    findings += [("not ours", path) for path in _others(folder, ours)]
    return findings


def _others(folder, ours):
    """What is not `ours`: files, and folders ("out/") that hold nothing else."""
    folders = {str(parent) for path in ours for parent in pathlib.PurePosixPath(path).parents}
    found = []
    for place, below, files in os.walk(folder):
        here = pathlib.Path(place).relative_to(folder)
        for name in list(below):
            path = (here / name).as_posix()
            if (folder / path).is_symlink():
                found.append(path)
            elif path not in folders:
                below.remove(name)
                if any(files for _, _, files in os.walk(folder / path)):
                    found.append(path + "/")
        found += [(here / name).as_posix() for name in files]
    return sorted(p for p in found if p not in (MANIFEST, _NEXT) and p not in ours)


class Update:
    """What it takes to bring `folder` to `content`. Nothing is done yet."""

    def __init__(self, folder, content):
        self.folder = pathlib.Path(folder)
        self.content = content
        self._old = Manifest.read(self.folder)
        states = [self._old.files]
        if os.path.lexists(self.folder / _NEXT):  # an update was interrupted
            states.append(Manifest.read(self.folder, _NEXT).files)
        new = content.manifest().files
        ours = {path: entry for state in reversed(states) for path, entry in state.items()}
        self.added = []
        self.changed = []
        self.removed = []
        # [(path, why)]: somebody's own work, which would be lost.
        self.conflicts = []
        self.kept = [p for p in _others(self.folder, ours | new) if not _is_unfinished(p)]
        # What is here of what was given, however far that came.
        self._here = {}
        self._paths = sorted(ours | new)
        for path in self._paths:
            known = {state[path][0] if path in state else None for state in states}
            self._decide(path, known, new[path][0] if path in new else None, ours.get(path))
        for path in new:
            self._refuse_what_is_in_the_way(path)

    def _decide(self, path, known, new, entry):
        """By hashes: those that are known, and the new one; None: no file."""
        data = _read(self.folder, path)
        here = hash_of(data) if data is not None else None
        if here in known:
            if here is not None:
                self._here[path] = (here, entry[1])
        elif entry is not None:
            self._here[path] = entry
        if here == new:
            return  # as it should be; an update that was cut short goes on
        if here not in known:
            self.conflicts.append((path, self._why(here, entry, new)))
        if new is None:
            self.removed.append(path)
        elif here is None:
            self.added.append(path)
        else:
            self.changed.append(path)

    @staticmethod
    def _why(here, entry, new):
        if here is None:
            return "was deleted"
        if entry is None:
            return "is not from here, and would be overwritten"
        return "was edited" if new is not None else "was edited, and is to be removed"

    def _refuse_what_is_in_the_way(self, path):
        """A file may become a folder, and a folder a file, if they are ours."""
        going = set(self.removed) - {p for p, _ in self.conflicts}
        for parent in pathlib.PurePosixPath(path).parents:
            full = self.folder / parent
            if os.path.lexists(full) and not full.is_dir() and str(parent) not in self.removed:
                raise VendoringError(f"{full} is not a folder, as {path} needs it")
        for place, below, files in os.walk(self.folder / path):
            here = pathlib.Path(place).relative_to(self.folder)
            links = [name for name in below if (self.folder / here / name).is_symlink()]
            for other in [(here / name).as_posix() for name in files + links]:
                if other not in going and not _is_unfinished(other):
                    raise VendoringError(f"{self.folder / path} is not a file, and {other} cannot go")

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
        manifest = self.content.manifest().text().encode()
        if os.path.lexists(self.folder / _NEXT):
            # Only one way that was not gone to its end can be known at a time.
            _write(self.folder, MANIFEST, Manifest(self._old.title, self._here).text().encode())
        _write(self.folder, _NEXT, manifest)
        # Before others come: one of these may be a folder then, or have been one.
        for path in self.removed:
            if _read(self.folder, path) is not None:
                _remove(self.folder, path)
        for path in self.added + self.changed:
            _remove_emptied(self.folder / path)
            _write(self.folder, path, self.content.files[path][0])
        _write(self.folder, MANIFEST, manifest)
        (self.folder / _NEXT).unlink()
        self._remove_unfinished()

    def _remove_unfinished(self):
        folders = {parent for path in self._paths for parent in pathlib.PurePosixPath(path).parents}
        for folder in folders:
            here = self.folder / folder
            for path in list(here.iterdir()) if here.is_dir() else []:
                if _is_unfinished(path):
                    _remove(self.folder, folder / path.name)

    def _free_name(self, path):
        name = path + ".local"
        number = 1
        while os.path.lexists(self.folder / name):
            number += 1
            name = f"{path}.local{number}"
        return name


def _is_unfinished(path):
    return _UNFINISHED.fullmatch(pathlib.PurePosixPath(path).name) is not None
