"""A disk that forgets what was not synced, fails, and keeps without saying so; all by chance from a seed."""

from concurrent.futures import Future

from raudience.durability.log import Log, Logs
from raudience.durability.snapshots import Snapshots
from raudience.errors import FixStore, StateDamaged, Superseded


class Chance:
    """Faults by chance; `calm` ends them. count: how often each fault happened. never: faults that do not happen."""

    def __init__(self, random, never=()):
        self.random, self.never = random, never
        self.calm = False
        self.count = {}

    def __call__(self, fault, probability):
        if self.calm or self.random.random() >= probability or fault in self.never:
            return False
        self.count[fault] = self.count.get(fault, 0) + 1
        return True


class LogFile:
    def __init__(self):
        self.records, self.trimmed, self.epoch = [], 0, 0
        self.unsynced = []

    def lose_unsynced(self, random):
        """A crash leaves any beginning of what was not synced."""
        kept = random.randint(0, len(self.unsynced))
        self.records += self.unsynced[:kept]
        self.unsynced = []


class Disk:
    def __init__(self, chance):
        self.chance = chance
        self.files = {}
        self.objects = {}

    def crash(self, name):
        if name in self.files:
            self.files[name].lose_unsynced(self.chance.random)

    def logs(self):
        return MemoryLogs(self)

    def snapshots(self):
        return MemorySnapshots(self)


class _Commit(Future):
    """Syncs when somebody waits for it."""

    def __init__(self, log, number):
        super().__init__()
        self._log, self._number = log, number

    def result(self, timeout=None):
        self._log.sync()
        return self._number


class MemoryLog(Log):
    def __init__(self, disk, name):
        self.chance, self.file, self.epoch = disk.chance, disk.files.setdefault(name, LogFile()), -1
        self.failed = False

    def take_over(self):
        if self.chance("store does not answer", 0.01):
            raise FixStore("the store does not answer")
        self.file.lose_unsynced(self.chance.random)
        self.file.epoch += 1
        self.epoch, self.failed = self.file.epoch, False
        return self.file.trimmed + len(self.file.records)

    def submit(self, records):
        self._own()
        if self.failed or self.chance("append fails", 0.01):
            self.failed = True
            return failed(FixStore("no space left"))
        self.file.unsynced += records
        return _Commit(self, self.file.trimmed + len(self.file.records) + len(self.file.unsynced))

    def sync(self):
        self._own()
        if self.failed or self.chance("sync fails", 0.01):
            # What was under way is kept or not; nobody knows before somebody takes over.
            self.failed = True
            raise FixStore("the answer of the store was lost")
        self.file.records += self.file.unsynced
        self.file.unsynced = []

    def read(self, after):
        for number, record in enumerate(list(self.file.records), self.file.trimmed + 1):
            if number > after:
                yield number, record

    def first(self):
        return self.file.trimmed + 1

    def trim(self, through):
        count = max(0, through - self.file.trimmed)
        del self.file.records[:count]
        self.file.trimmed += count

    def close(self):
        pass

    def _own(self):
        if self.epoch != self.file.epoch:
            raise Superseded("another writer has taken over")


class MemoryLogs(Logs):
    def __init__(self, disk):
        self.disk = disk

    def open(self, name):
        return MemoryLog(self.disk, name)

    def names(self):
        return tuple(sorted(self.disk.files))

    def remove(self, name):
        if name in self.disk.files:
            # Who still writes there is refused.
            self.disk.files.pop(name).epoch += 1

    def close(self):
        pass


class MemorySnapshots(Snapshots):
    """A snapshot may be torn: chance cuts it short."""

    def __init__(self, disk):
        self.chance, self.objects = disk.chance, disk.objects

    def put(self, name, parts):
        whole = b"".join(parts)
        if self.chance("snapshot fails", 0.05):
            raise FixStore("no space left")
        if self.chance("snapshot torn", 0.05):
            whole = whole[: len(whole) // 2]
        self.objects[name] = whole

    def get(self, name):
        if name not in self.objects:
            raise StateDamaged(name)
        return self.objects[name]

    def names(self, prefix=""):
        return tuple(sorted(name for name in self.objects if name.startswith(prefix)))

    def delete(self, name):
        self.objects.pop(name, None)


def failed(error):
    future = Future()
    future.set_exception(error)
    return future
