"""How the exercises on the training loop are driven."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, islice, pairwise
from typing import Any

import numpy as np

from gradus.checking import FUNCTION, RANDOM, STATE, TORCH, Facts, Law, Tolerance, Value, exercise, repair, serves
from gradus.checking.plain import plain
from gradus.exercises.kit import loss_objects_explained, number, results, share, updated, what
from gradus.learning.lending import lends

# How often chance alone may reject a right order, in all checks of one answer together: see `measure_minibatches`.
FALSE_REJECT = 1e-8
# From this many examples on, their order is looked at. Of 72 examples, there are 1.5e13 batches of 12: that one of a
# dozen batches holds neighbours only happens in less than one of 1e10 runs.
LOOK_AT_ORDER = 70
# Of 396 pairs of examples that share a batch of 12, 61 on average share one in the next epoch, too, with a deviation of
# 7: the sum of squares of their table is a chi-square of 25 degrees, which is beyond 124 once in 1e14. One order that
# is moved along by half a batch lets 180 of them meet again.
MET_AGAIN = 160
# Normalized numbers of up to 15, of a deviation of 0.3 at least: float32 loses 6e-8 of the number before the division.
NORMALIZED = Tolerance(single_atol=1e-5)
# Norms may be as small as 1e-100: nothing absolute can be allowed.
RELATIVE = Tolerance(rtol=1e-9, atol=0.0, single_rtol=4e-6, single_atol=0.0)
# The linear regressions here have inputs up to 3: a sum of up to eleven products of differences is off by 1e-14, and in
# float32 by 1e-5.
SUMS = Tolerance(single_atol=1e-5)
# A few steps of a network in float32: each loses some 1e-7 of parameters around 1, with all sums.
STEPS = Tolerance(single_atol=4e-6)
# A device that computes here, by a name that nobody writes into an answer.
DEVICE = "cpu:0"

Case = dict[str, Any]
Outputs = dict[str, Any]
Params = dict[str, np.ndarray]


@exercise("normalize", tolerance=NORMALIZED)
def drive_normalize(normalize: Any, case: Case) -> Outputs:
    """``normalize(train, other) -> (train, other)``."""
    return results(normalize(case["train"], case["other"]), "train", "other", of="normalize")


def _table(returned: Any, n: int) -> np.ndarray:
    """Batches as pairs, which batch and which number: a table as long for any answer, filled up with -1."""
    if not hasattr(returned, "__iter__"):
        raise TypeError(f"minibatches returns batches to loop over, but {what(returned)} came back.")
    table = np.full((2 * n + 4, 2), -1)
    pairs: list[tuple[int, int]] = []
    batches = list(islice(returned, len(table) + 1))  # all at once, as somebody who keeps them; it may never end
    for place, batch in enumerate(batches):
        if np.ndim(batch) > 1:
            raise TypeError(f"A batch is an array with one axis; here it has the shape {np.shape(batch)}.")
        array = np.ravel(batch)
        if array.size and array.dtype.kind not in "iu":
            raise TypeError(f"A batch is an array of integers, to be used as an index; here it has {array.dtype}.")
        pairs += [(place, number) for number in array[: len(table)]] or [(place, -1)]
    table[: len(pairs)] = np.reshape(pairs[: len(table)], (-1, 2))
    return table


def _cut(table: np.ndarray) -> list[np.ndarray]:
    places, numbers = np.transpose(table)
    return [numbers[(places == place) & (numbers != -1)] for place in np.unique(places[places >= 0])]


def _sizes(n: int, batch_size: int) -> list[int]:
    return [min(batch_size, n - start) for start in range(0, n, batch_size)]


def _in_words(sizes: Sequence[int]) -> str:
    shown = ", ".join(map(str, sizes[:8])) or "nothing"
    return f"{shown}, ... ({len(sizes)} batches)" if len(sizes) > 8 else shown


def _each_once(epochs: Sequence[np.ndarray], n: int, of: str) -> Law:
    """The law that every number below n comes once in each epoch; what is found tells one from several."""
    broken, says = np.zeros(3), ""
    for epoch in epochs:
        known, often = np.unique(epoch[np.isin(epoch, np.arange(n))], return_counts=True)
        missing, repeated, others = n - len(known), int((often > 1).sum()), len(epoch) - int(often.sum())
        broken += np.minimum([missing, repeated, others], 2)
        if broken.any() and not says:
            says = f"Of the {n} {of}, {missing} are missing and {repeated} come more than once."
            says += f" {others} come that do not exist." if others else ""
    return Law("each once", not broken.any(), says, found=broken)


def _runs(batches: Sequence[np.ndarray]) -> np.ndarray:
    """How many batches hold neighbours only, and how many of these hold them in order."""
    full = [batch for batch in batches if len(batch) > 1]
    runs = [batch for batch in full if len(np.unique(batch)) == len(batch) == np.ptp(batch) + 1]
    return np.array([len(runs), sum(bool(np.all(np.diff(batch) == 1)) for batch in runs)], float)


def measure_minibatches(case: Any, outputs: Outputs) -> Facts:
    """Laws of every order, and of long ones how they are mixed.

    Half of the positions hold a sample of all numbers without replacement, and so do, seen from one order, the
    positions of its lower half in another order. The bounds for independent draws hold for such samples, too (Hoeffding
    1963, section 6).
    """
    n, size = case["n"], case["batch_size"]
    first, second = (_cut(np.asarray(outputs[name])) for name in ("first", "second"))
    sizes = [[len(batch) for batch in batches if len(batch)] for batches in (first, second)]
    wrong = next((found for found in sizes if found != _sizes(n, size)), [])
    says = f"The batches hold {_in_words(wrong)} numbers; expected {_in_words(_sizes(n, size))}."
    yield Law("sizes", all(found == _sizes(n, size) for found in sizes), says, found=np.concatenate(sizes))
    yield _each_once([np.concatenate([[], *batches]) for batches in (first, second)], n, "numbers")
    if case["_look_for_empty"]:
        empty = sum(len(batch) == 0 for batch in first)
        yield Law("no empty batch", empty == 0, "One of the batches is empty.", found=empty)
    if n < LOOK_AT_ORDER:
        return
    one, other, lower = np.concatenate([[], *first]), np.concatenate([[], *second]), n // 2
    each = FALSE_REJECT / 2
    if case["_look_at_both"]:
        says = "Of the places of small numbers, {got} have a small one in the next order, too; {expected} expected."
        same = other[: len(one)][one[: len(other)] < lower] < lower
        yield share("share alike in two orders", same, lower / n, each, says)
        return
    runs = _runs(first)
    found = np.append(runs, np.all(np.diff(one) > 0))  # which tells a sorted order from sorted batches
    yield Law("mixed", runs[0] == 0, f"{runs[0]:.0f} batches hold neighbouring numbers only.", found=found)
    says = "In the first half of the order, {got} of the numbers are from the lower half; {expected} expected."
    yield share("share of small numbers", one[:lower] < lower, lower / n, each, says)


@exercise("minibatches", kinds=RANDOM, measure=measure_minibatches, false_reject=FALSE_REJECT)
def drive_minibatches(minibatches: Any, case: Case) -> Outputs:
    """``minibatches(n, batch_size, rng) -> batches``, twice with the same generator."""
    arguments = (case["n"], case["batch_size"], case["rng"])
    return {name: _table(minibatches(*arguments), case["n"]) for name in ("first", "second")}


@exercise("sgd_step", may_change=("params",))
def drive_sgd_step(sgd_step: Any, case: Case) -> Outputs:
    """``sgd_step(params, grads, lr) -> params``, or in place."""
    return {"params": updated(sgd_step(case["params"], case["grads"], case["lr"]), case["params"])}


@serves("a loss", words="a mean loss and its gradient", most_calls=400)
def loss_of_params(target: float, follows_data: bool) -> Callable[..., Any]:
    """A loss whose numbers do not depend on the examples, so that the order of these changes no result.

    Where it follows the data, their mean moves the target.
    """

    def loss_and_gradient(params: Params, x: np.ndarray, y: np.ndarray) -> list[Any]:
        centre = target + float(np.mean(x) + np.mean(y)) if follows_data else target
        apart = {name: np.asarray(value) - centre for name, value in params.items()}
        loss = 0.5 + sum(float(np.sum(part**2)) for part in apart.values())
        return [loss, {name: 2 * part for name, part in apart.items()}]

    return loss_and_gradient


def _which(rows: Any, among: np.ndarray) -> np.ndarray:
    """The indices of some examples, by the nearest one."""
    apart = np.asarray(rows, float)[:, None] - among[None]
    return np.abs(apart).reshape(len(apart), len(among), among[0].size).sum(axis=-1).argmin(axis=1)


def measure_train(case: Any, outputs: Outputs) -> Facts:
    """What was asked of the loss, in which order, and what came of it."""
    calls, x, y = case["loss_and_gradient"], case["x"], case["y"]
    sizes, expected = [len(call.arguments[1]) for call in calls], case["epochs"] * _sizes(len(x), case["batch_size"])
    says = f"loss_and_gradient was given {_in_words(sizes)} examples; expected {_in_words(expected)}."
    yield Law("sizes", sizes == expected, says, found=np.array(sizes))
    rows = [_which(call.arguments[1], x) for call in calls]
    together = all(
        len(of) == len(call.arguments[2]) and np.allclose(y[of], call.arguments[2], atol=1e-3)
        for of, call in zip(rows, calls, strict=True)
    )
    yield Law("together", together, "In some batches x and y do not belong to the same examples.", found=0)
    per_epoch = len(_sizes(len(x), case["batch_size"]))
    epochs = [rows[start : start + per_epoch] for start in range(0, len(rows), per_epoch)]
    if sizes == expected:
        yield _each_once([np.concatenate(epoch) for epoch in epochs], len(x), "examples of an epoch")
    if len(x) >= LOOK_AT_ORDER:
        runs = _runs(rows)
        says = f"{runs[0]:.0f} batches hold neighbouring examples only: the order is not random."
        yield Law("mixed", runs[0] == 0, says, found=runs[0])
        met = [{pair for batch in epoch for pair in combinations(sorted(batch), 2)} for epoch in epochs]
        again = max((len(one & other) for one, other in pairwise(met)), default=0)
        says = f"{again} pairs of examples that share a batch share one in the next epoch, too; about 60 are expected."
        yield Law("new order", again < MET_AGAIN, says, found=again)
        says = "The orders do not come from rng: it was not used. Draw them from it, and make no other generator."
        yield Law("from rng", outputs["drawn"], says, found=float(outputs["drawn"]))
    if x.ndim > 2:
        shapes = {np.shape(call.arguments[1])[1:] for call in calls}
        says = f"An example has the shape {x.shape[1:]}; loss_and_gradient was given other shapes."
        yield Law("shapes", shapes == {x.shape[1:]}, says, found=0)
        kinds = "".join(sorted({np.asarray(call.arguments[2]).dtype.kind for call in calls}))
        says = "The classes in y were given to loss_and_gradient as decimal numbers, which cannot be used as an index."
        yield Law("whole numbers", kinds in ("i", "u"), says, found=len(kinds))
    path = [np.concatenate([np.ravel(call.arguments[0][name]) for name in sorted(case["params"])]) for call in calls]
    yield Value("params of each call", np.array(path))
    yield Value("losses", outputs["losses"])
    for key in [key for key in ("params", "params of the caller") if key in outputs]:
        for name in case["params"]:
            yield Value(f"{key}.{name}", outputs[key][name])


@exercise("train", kinds=(RANDOM, FUNCTION), measure=measure_train, false_reject=FALSE_REJECT, may_change=("params",))
def drive_train(train: Any, case: Case) -> Outputs:
    """``train(params, loss_and_gradient, x, y, lr, batch_size, epochs, rng) -> (params, losses)``."""
    names = ("params", "loss_and_gradient", "x", "y", "lr", "batch_size", "epochs", "rng")
    before = _state(case["rng"])
    found = results(train(*(case[name] for name in names)), "params", "losses", of="train")
    losses = found["losses"]
    if isinstance(losses, list | tuple):
        found["losses"] = np.array([number(loss) for loss in losses])
    found["drawn"] = _state(case["rng"]) != before
    return {**found, **({"params of the caller": case["params"]} if case["_look_at_caller"] else {})}


def _state(rng: np.random.Generator) -> tuple[Any, int]:
    """What drawing from a generator changes, and making others from it."""
    return rng.bit_generator.state, rng.bit_generator.seed_seq.n_children_spawned  # type: ignore[attr-defined]


repair("repaired_train", of="train")


@exercise("EarlyStopping", kinds=STATE)
def drive_early_stopping(early_stopping: Any, case: Case) -> Iterator[Outputs]:
    """``EarlyStopping(patience)``, then ``update(loss, params)`` several times, each time with params one larger.

    The caller makes new parameters for every epoch, keeps one dict with new arrays, or changes the arrays in place.
    """
    made, params = early_stopping(case["patience"]), dict[str, Any]()
    if case["_caller"] == "looks first":
        yield {"best_loss": number(made.best_loss)}
    for epoch, loss in enumerate(case["losses"]):
        now = {name: value + epoch for name, value in case["first_params"].items()}
        if case["_caller"] == "changes arrays" and params:
            for name, value in now.items():
                params[name][...] = value
        elif case["_caller"] == "changes dict":
            params.update(now)
        else:
            params = now
        stop = made.update(loss, params)
        best = number(made.best_loss)
        outputs = {"stop": stop if stop is None else bool(stop), "best_loss": best}
        # Before there is a best loss, nothing is said about the best parameters.
        if isinstance(best, int | float) and np.isfinite(best) and made.best_params is not None:
            outputs["best_params"] = _in_lists(made.best_params)
        yield outputs


def _in_lists(params: Any) -> Any:
    """Parameters with lists in place of arrays, which are shorter to write down."""
    if not isinstance(params, dict):
        return params
    return {name: np.asarray(plain(value, f"best_params[{name!r}]")).tolist() for name, value in params.items()}


@serves("a gradient", words="a mean gradient that refuses large batches", most_calls=100)
def small_gradient(most_rows: int, weights: str, biases: str) -> Callable[..., Any]:
    """The gradient of a linear regression, of at most so many examples at once, for parameters of these names."""

    def gradient(params: Params, x: np.ndarray, y: np.ndarray) -> Params:
        if len(x) > most_rows:
            raise ValueError(f"gradient was given {len(x)} examples and takes at most {most_rows}")
        with np.errstate(all="ignore"):
            error = np.asarray(x) @ params[weights] + params[biases] - y
            return {weights: np.asarray(x).T @ error / np.float64(len(x)), biases: error.mean(axis=0)}

    return gradient


def measure_accumulated(case: Any, outputs: Outputs) -> Facts:
    """The gradient, and that every example was given once."""
    for name in case["params"]:
        yield Value(f"gradient.{name}", outputs["gradient"][name])
    rows = [_which(call.arguments[1], case["x"]) for call in case["gradient"] if len(call.arguments[1])]
    yield _each_once([np.concatenate([[], *rows])], len(case["x"]), "examples given to gradient")


@exercise("accumulated_gradient", kinds=FUNCTION, tolerance=SUMS, measure=measure_accumulated)
def drive_accumulated_gradient(accumulated_gradient: Any, case: Case) -> Outputs:
    """``accumulated_gradient(gradient, params, x, y, micro_batch) -> dict``."""
    names = ("gradient", "params", "x", "y", "micro_batch")
    return {"gradient": accumulated_gradient(*(case[name] for name in names))}


@exercise("clip_by_global_norm", tolerance=RELATIVE, may_change=("grads",))
def drive_clip_by_global_norm(clip_by_global_norm: Any, case: Case) -> Outputs:
    """``clip_by_global_norm(grads, max_norm) -> dict``."""
    return {"clipped": clip_by_global_norm(case["grads"], case["max_norm"])}


def _batches(case: Case) -> list[Any]:
    import torch

    sizes = case["batch_sizes"]
    parts = (torch.as_tensor(case["x"]).split(sizes), torch.as_tensor(case["y"]).long().split(sizes))
    return list(zip(*parts, strict=True))


def _loader(case: Case) -> Any:
    """The batches as what is asked for: a list, a generator or a PyTorch loader."""
    import torch

    batches = _batches(case)
    if case["_loader"] == "generator":
        return (batch for batch in batches)
    if case["_loader"] == "DataLoader":
        x, y = (torch.cat(parts) for parts in zip(*batches, strict=True))
        return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=len(batches[0][0]))
    return batches


def _tensors(value: Any) -> Iterator[Any]:
    """The tensors among the arguments of an operation."""
    import torch

    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _tensors(one)


def _elsewhere(tensor: Any, name: str, moved: dict[str, int]) -> Any:
    """The same tensor as if it were on another device: ``moved`` forgets its name where it meets one of `DEVICE`.

    What needs this tensor alone goes well and stays on that device. ``.to`` brings it to `DEVICE`, however that is
    named but as a word of the answer's own; ``.cpu()`` does not, though classes may be compared on the CPU.
    """
    import torch

    def is_there(place: Any) -> bool:
        return isinstance(place, torch.device | torch.Tensor) or place == DEVICE

    class Elsewhere(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            kwargs, called = kwargs or {}, getattr(function, "__name__", "")
            arrives = called == "to" and is_there(kwargs.get("device", args[1] if len(args) > 1 else None))
            arrives = arrives or (called == "cpu" and name == "y")
            given = _tensors([*args, *kwargs.values()])
            meets = any(not isinstance(one, cls) and one.dim() for one in given) or called in ("numpy", "__array__")
            if not arrives and not meets:
                return super().__torch_function__(function, types, args, kwargs)
            if not arrives:
                moved[name] = 0
            with torch._C.DisableTorchFunctionSubclass():
                result = function(*args, **kwargs)
                return result.as_subclass(torch.Tensor) if isinstance(result, torch.Tensor) else result

    return tensor.as_subclass(Elsewhere)


def _run_on_device(case: Case, run: Callable[[Any, str], Any]) -> Outputs:
    """``run(loader, device)``; where the case asks for it with batches on another device, and which arrived."""
    if case["_loader"] != "elsewhere":
        return {"returned": number(run(_loader(case), "cpu"))}
    moved = {"x": 1, "y": 1}
    batches = [(_elsewhere(x, "x", moved), _elsewhere(y, "y", moved)) for x, y in _batches(case)]
    return {"returned": number(run(batches, DEVICE)), "moved to device": moved}


@exercise("train_epoch", kinds=TORCH, tolerance=STEPS)
def drive_train_epoch(train_epoch: Any, case: Case) -> Outputs:
    """``train_epoch(model, loader, optimizer, device) -> loss``; what the model holds afterwards."""
    import torch

    model = case["model"]
    optimizer = torch.optim.SGD(model.parameters(), lr=case["lr"], momentum=case["momentum"])
    with loss_objects_explained():
        found = _run_on_device(case, lambda loader, device: train_epoch(model, loader, optimizer, device))
    return {"loss": found.pop("returned"), **found, "state": dict(model.state_dict())}


@exercise("evaluate", kinds=TORCH)
def drive_evaluate(evaluate: Any, case: Case) -> Outputs:
    """``evaluate(model, loader, device) -> accuracy``; what the model holds afterwards, where that is looked at."""
    import torch

    model = case["model"]
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    found = _run_on_device(case, lambda loader, device: evaluate(model, loader, device))
    found = {"accuracy": found.pop("returned"), **found}
    if not case["_look_at_model"]:
        return found
    parameters = dict(model.named_parameters())
    return {
        **found,
        "state": dict(model.state_dict()),
        "gradients": {name: parameter.grad for name, parameter in parameters.items()},
        "requires_grad": {name: parameter.requires_grad for name, parameter in parameters.items()},
        "gradients are recorded": torch.is_grad_enabled(),
    }


@lends("sgd_step")
def _torch_step(params: Params, grads: Params, lr: float) -> Params:
    import torch

    weights = {name: torch.tensor(value).requires_grad_() for name, value in params.items()}
    for name, weight in weights.items():
        weight.grad = torch.tensor(grads[name])
    torch.optim.SGD(weights.values(), lr=lr).step()
    return {name: weight.detach().numpy() for name, weight in weights.items()}
