"""Which of a slice's values are the notebook's sample data, and why.

Sample data is what the notebook draws, or hands to its functions to try them. Constants a right
solution may well use (`eye`, `ones`, scalars, tables of coefficients) never are: changing them to
see whether the answer follows would accuse the innocent. In doubt a value is not data.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from grader.core.slice import DataBasis
from grader.slicing.bindings import Binding, calls_now
from grader.slicing.library import Library
from grader.slicing.names import root_name
from grader.slicing.units import Unit
from grader.slicing.words import words

__all__ = ["Sampling", "Uses", "collect_uses"]


class Kind(IntEnum):
    """What a value is made of; of several parts the highest tells."""

    CODE = 0  # functions, classes, modules, generators of random numbers
    PLAIN = 1  # scalars, strings, ones, ranges
    INTS = 2
    UNKNOWN = 3  # read from a file, returned by something unseen
    FLOATS = 4  # at least two floating-point numbers written out
    RANDOM = 5


_DRAWS: Final = words(
    "rand randn randint rand_like randn_like randint_like normal bernoulli multinomial poisson"
    " binomial rvs"
)
_DRAWING_METHODS: Final = words(
    "uniform_ normal_ random_ exponential_ bernoulli_ cauchy_ log_normal_ geometric_ sample"
    " rsample rvs"
)
_INITIALISERS: Final = words(
    "uniform_ normal_ trunc_normal_ xavier_uniform_ xavier_normal_ kaiming_uniform_"
    " kaiming_normal_ orthogonal_ sparse_"
)
_RANDOM_MODULES: Final = ("numpy.random", "random", "jax.random", "cupy.random")
_NOT_DRAWN: Final = words(
    "seed manual_seed get_state set_state getstate setstate permutation shuffle randperm key"
    " PRNGKey split fork_rng get_rng_state set_rng_state initial_seed SeedSequence"
)
_GENERATORS: Final = words(
    "Generator default_rng RandomState Random SystemRandom PCG64 MT19937 Philox"
)
_CONSTANT: Final = words(
    "eye identity ones zeros arange linspace logspace geomspace full empty range len ones_like"
    " zeros_like full_like empty_like new_ones new_zeros new_full new_empty tril_indices"
    " triu_indices size dim numel ndimension nelement isinstance type id str int bool zero_ fill_"
    " finfo iinfo device get_device is_available randperm permutation one_hot meshgrid"
)
_SHAPE: Final = words("shape ndim dtype device layout names requires_grad itemsize")
_TENSORS: Final = words("Tensor FloatTensor DoubleTensor HalfTensor BFloat16Tensor")
_TO_FLOAT: Final = words("float double half bfloat16")
_TO_SCALAR: Final = words("item max min amax sum mean std var norm prod median")
_NO_USE: Final = words("print display len type repr str id isinstance pprint")
_PLOTTING: Final = ("matplotlib", "seaborn", "plotly", "pylab")


@dataclass(frozen=True, slots=True)
class Uses:
    """How top-level code uses names as data.

    first, passed  names handed to the target: as its first argument, as any
    tried          names handed to another function of the notebook, or alone to a library
                   function whose result is only looked at
    """

    first: frozenset[str]
    passed: frozenset[str]
    tried: frozenset[str]


def collect_uses(
    nodes: Iterable[ast.stmt], targets: frozenset[str], library: Library, own: frozenset[str]
) -> Uses:
    """Look at every call that top-level code makes; `own` are the notebook's functions."""
    first: set[str] = set()
    passed: set[str] = set()
    tried: set[str] = set()
    for statement in nodes:
        shown = {id(call) for call in _shown(statement)}
        for call in calls_now(statement, blocks=True):
            if not isinstance(call, ast.Call):
                continue
            called = call.func.id if isinstance(call.func, ast.Name) else ""
            arguments = [_handed(argument) for argument in call.args]
            keywords = [_handed(keyword.value) for keyword in call.keywords]
            if called in targets:
                first |= set((arguments or keywords)[:1])
                passed |= {*arguments, *keywords}
            elif called in own:
                tried |= set(arguments[:1])
            elif id(call) in shown and _looks_at(call, library):
                tried |= {name for name in arguments if name}
    return Uses(frozenset(first - {""}), frozenset(passed - {""}), frozenset(tried - {""}))


def _handed(argument: ast.expr) -> str:
    """The name an argument is, or is a view or a copy of."""
    while isinstance(argument, ast.Call) and isinstance(argument.func, ast.Attribute):
        argument = argument.func.value
    return root_name(argument) or ""


def _shown(statement: ast.stmt) -> list[ast.AST]:
    """Calls in expression statements, wherever these stand in a block."""
    return [
        call for shown in calls_now(statement, ast.Expr, blocks=True) for call in calls_now(shown)
    ]


def _looks_at(call: ast.Call, library: Library) -> bool:
    """A library function of one value, such as a sum or a norm."""
    names = library.dotted(call.func)
    if not names or any(name.split(".", 1)[0] in _PLOTTING for name in names):
        return False
    if any(name.rsplit(".", 1)[-1] in _NO_USE for name in names):
        return False
    return sum(not isinstance(argument, ast.Constant) for argument in call.args) == 1


class Sampling:
    """Labels statements in kernel order; `label` must see every unit of the slice in turn."""

    def __init__(self, library: Library, uses: Uses, functions: Mapping[str, ast.AST]) -> None:
        self._library = library
        self._uses = uses
        self._kinds: dict[str, Kind] = {}
        self._generators: set[str] = set()
        self._drawing: frozenset[str] = frozenset()
        self._drawing = frozenset(
            name for name, node in functions.items() if self._body_draws(node)
        )

    def _body_draws(self, function: ast.AST) -> bool:
        return any(isinstance(node, ast.Call) and self._draws(node) for node in ast.walk(function))

    def label(self, unit: Unit) -> tuple[DataBasis | None, tuple[str, ...]]:
        """Why the unit's value counts as data, and names it fills in place rather than binds."""
        drawn = self._drawn_in_place(unit.node)
        kinds = [(binding.name, self._of_binding(binding, unit.node)) for binding in unit.bound]
        self._kinds.update(kinds)
        self._kinds.update(dict.fromkeys(drawn, Kind.RANDOM))
        values = [(name, kind) for name, kind in kinds if kind is not Kind.CODE]
        if drawn and not values:
            return "random", tuple(drawn)
        return self._basis(values), ()

    def _basis(self, values: Sequence[tuple[str, Kind]]) -> DataBasis | None:
        """One basis for all a statement binds; with anything plain among them there is none."""
        if not values or any(kind is Kind.PLAIN for _, kind in values):
            return None
        if all(kind is Kind.RANDOM for _, kind in values):
            return "random"
        names = {name for name, _ in values}
        whole_numbers = any(kind is Kind.INTS for _, kind in values)
        if names & (self._uses.first if whole_numbers else self._uses.passed):
            return "passed"
        written = all(kind in (Kind.FLOATS, Kind.RANDOM) for _, kind in values)
        return "literal" if written and names & self._uses.tried else None

    def _of_binding(self, binding: Binding, node: ast.stmt) -> Kind:
        value = binding.value
        if isinstance(node, ast.AugAssign):
            return max(self._kinds.get(binding.name, Kind.UNKNOWN), self.kind(node.value))
        if isinstance(value, ast.expr):
            if self._is_generator(value):
                self._generators.add(binding.name)
                return Kind.CODE
            return self.kind(value)
        if value is not None:
            return Kind.CODE
        unpacked = isinstance(node, ast.Assign) and self.kind(node.value)
        return unpacked if isinstance(unpacked, Kind) and unpacked is Kind.RANDOM else Kind.PLAIN

    def _drawn_in_place(self, node: ast.stmt) -> list[str]:
        """`n.uniform_()`, `nn.init.normal_(n)` as a statement of its own."""
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
            return []
        call = node.value
        if not isinstance(call.func, ast.Attribute):
            return []
        name: str | None = None
        if call.func.attr in _INITIALISERS and call.args and self._library.dotted(call.func):
            name = root_name(call.args[0])
        elif call.func.attr in _DRAWING_METHODS and call.func.attr.endswith("_"):
            name = root_name(call.func.value)
        return [name] if name and not self._library.dotted(ast.Name(name, ast.Load())) else []

    def kind(self, node: ast.expr) -> Kind:
        """What an expression's value is made of."""
        if isinstance(node, ast.Name):
            return self._kinds.get(node.id, Kind.UNKNOWN)
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.Compare | ast.Dict):
            return Kind.PLAIN
        if isinstance(node, ast.Lambda):
            return Kind.CODE
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return max(_written_out(node), self._of_parts(node.elts))
        if isinstance(node, ast.Attribute):
            return self._of_attribute(node)
        if isinstance(node, ast.Subscript):
            return self.kind(node.value)
        if isinstance(node, ast.Call):
            return self._of_call(node)
        if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
            return self._of_comprehension(node)
        parts = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
        return self._of_parts(parts)

    def _of_parts(self, parts: Sequence[ast.expr]) -> Kind:
        return max([Kind.PLAIN, *(self.kind(part) for part in parts)])

    def _of_attribute(self, node: ast.Attribute) -> Kind:
        if node.attr in _SHAPE or self._library.dotted(node):
            return Kind.CODE if self._library.dotted(node) else Kind.PLAIN
        return self.kind(node.value)

    def _of_comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Kind:
        shadowed: dict[str, Kind | None] = {}
        for generator in node.generators:
            kind = self.kind(generator.iter)
            for name in ast.walk(generator.target):
                if isinstance(name, ast.Name):
                    shadowed.setdefault(name.id, self._kinds.get(name.id))
                    self._kinds[name.id] = kind
        found = self.kind(node.elt)
        for target, before in shadowed.items():
            if before is None:
                del self._kinds[target]
            else:
                self._kinds[target] = before
        return found

    def _of_call(self, call: ast.Call) -> Kind:
        called = call.func
        last = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if self._draws(call):
            return Kind.RANDOM
        if last in _CONSTANT:
            return Kind.PLAIN
        if self._is_generator(call):
            return Kind.CODE
        arguments = self._of_parts([*call.args, *(keyword.value for keyword in call.keywords)])
        if self._library.dotted(called):
            return self._of_library_call(call, last, arguments)
        if isinstance(called, ast.Attribute):
            owner = self.kind(called.value)
            if last in _TO_FLOAT and owner is Kind.INTS:
                return Kind.FLOATS
            if last in _TO_SCALAR and owner is not Kind.RANDOM:
                return Kind.PLAIN
            return max(owner, arguments, Kind.PLAIN)
        if isinstance(called, ast.Name) and called.id in self._kinds:
            if last[:1].isupper():  # an instance of the notebook's own class
                return Kind.CODE
            return arguments if call.args or call.keywords else Kind.UNKNOWN
        return arguments

    def _of_library_call(self, call: ast.Call, last: str, arguments: Kind) -> Kind:
        if arguments is Kind.INTS and (last in _TENSORS or _asks_for_float(call)):
            return Kind.FLOATS
        if last in _TENSORS or last in {"Parameter", "Variable"}:
            return arguments
        if last[:1].isupper():
            return Kind.CODE
        if last in _TO_SCALAR and arguments is not Kind.RANDOM:
            return Kind.PLAIN
        reads = [argument for argument in call.args if self._library.text(argument)]
        return Kind.UNKNOWN if arguments is Kind.PLAIN and reads else arguments

    def _draws(self, call: ast.Call) -> bool:
        called = call.func
        last = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
        if last in _NOT_DRAWN:
            return False
        for name in self._library.dotted(called):
            module, _, function = name.rpartition(".")
            if function in _GENERATORS | _NOT_DRAWN:
                continue
            if function in _DRAWS or module in _RANDOM_MODULES:
                return True
        if isinstance(called, ast.Attribute):
            is_library = bool(self._library.dotted(called))
            owner = called.value
            if isinstance(owner, ast.Name) and owner.id in self._generators:
                return True
            return (last in _DRAWING_METHODS and not is_library) or self._is_generator(owner)
        return isinstance(called, ast.Name) and called.id in self._drawing

    def _is_generator(self, node: ast.expr) -> bool:
        """`np.random.default_rng(0)`, `torch.Generator().manual_seed(0)`, or a name for one."""
        if isinstance(node, ast.Name):
            return node.id in self._generators
        if not isinstance(node, ast.Call):
            return False
        if isinstance(node.func, ast.Attribute) and node.func.attr == "manual_seed":
            return self._is_generator(node.func.value)
        names = self._library.dotted(node.func)
        return any(name.rsplit(".", 1)[-1] in _GENERATORS for name in names)


def _written_out(node: ast.expr) -> Kind:
    """Of a literal list: at least two floating-point numbers, at least two numbers, or neither."""
    numbers: list[float | int] = []
    waiting: list[ast.expr] = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.List | ast.Tuple | ast.Set):
            waiting += part.elts
        elif isinstance(part, ast.UnaryOp):
            waiting.append(part.operand)
        elif (
            isinstance(part, ast.Constant)
            and isinstance(part.value, int | float)
            and not isinstance(part.value, bool)
        ):
            numbers.append(part.value)
    if sum(isinstance(number, float) for number in numbers) >= 2:
        return Kind.FLOATS
    if len(numbers) < 2:
        return Kind.PLAIN
    return Kind.INTS if all(isinstance(number, int) for number in numbers) else Kind.FLOATS


def _asks_for_float(call: ast.Call) -> bool:
    for keyword in call.keywords:
        if keyword.arg == "dtype":
            wanted = keyword.value
            last = wanted.attr if isinstance(wanted, ast.Attribute) else getattr(wanted, "id", "")
            return "float" in last or last in _TO_FLOAT
    return False
