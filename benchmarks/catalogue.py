"""Lists the benchmarks, from the files of the package, without importing them. Called by `__main__.py`."""

import symtable
from pathlib import Path
from pkgutil import iter_modules

import benchmarks

SIZES = ("FULL", "SMALL")


class IncompleteBenchmark(Exception):
    """A module defines `run` and lacks a size; the message says which."""


def names() -> list[str]:
    """Every module of the package that defines `run`, in alphabetical order; raises IncompleteBenchmark."""
    return [module.name for module in iter_modules(benchmarks.__path__) if _is_benchmark(module)]


def _is_benchmark(module) -> bool:
    path = Path(module.module_finder.path, f"{module.name}.py")
    defined = _definitions(path)
    if "run" not in defined:
        return False
    if missing := [size for size in SIZES if size not in defined]:
        raise IncompleteBenchmark(f"{path} defines run and not {' and '.join(missing)}: add the size.")
    return True


def _definitions(path: Path) -> set[str]:
    """The functions, classes and variables that a module defines itself at its top level."""
    table = symtable.symtable(path.read_text(encoding="utf-8"), str(path), "exec")
    return {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned()}
