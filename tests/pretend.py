"""A pretend CUDA device: code for GPUs runs where there is none, and what a GPU would refuse is refused.

Its tensors are plain ones that compute on the CPU. What makes a tensor one of the device is a mark on its memory, which
views, parameters and optimizers share as they do on a GPU. Two modes of torch keep the marks: `Calls` sees what Python
asks of torch and answers for the device, `Operations` sees what torch then does, in backward passes too, refuses
tensors that do not lie together and marks what comes out. What waits for the device is noted in `synchronisations`.

It has no memory limit, no streams, no autocast, and none of the kernels that other libraries have for GPUs.
"""

import contextlib

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes

aten = torch.ops.aten
CPU = torch.device("cpu")
INDEXING = (aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_, aten._unsafe_index)
# a CPU tensor without dimensions may meet the device in these and in whatever works point by point
SCALARS = (*INDEXING, aten.fill, aten.fill_, aten.masked_fill, aten.masked_fill_, aten.rsub)
WAITING = (aten._local_scalar_dense, aten.nonzero, aten.masked_select, aten.equal, aten._linalg_check_errors)
COPYING = (torch.as_tensor, torch.asarray)  # what lies elsewhere; the other makers of tensors always make new ones


def place(tensor: Tensor) -> torch.device:
    """The device on which a tensor says that it lies."""
    if tensor.layout != torch.strided:  # a sparse one has no memory of its own, and stays on the CPU
        return CPU
    return getattr(tensor.untyped_storage(), "pretended", CPU)


def put(tensor: Tensor, device: torch.device) -> Tensor:
    tensor.untyped_storage().pretended = device
    return tensor


def tensors_in(*values) -> list[Tensor]:
    found = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, (tuple, list, dict)):
            found += tensors_in(*(value.values() if isinstance(value, dict) else value))
    return found


class Moved(torch.autograd.Function):
    """A copy on another device; its gradient goes the way back."""

    @staticmethod
    def forward(ctx, tensor, device, cuda):
        ctx.back, ctx.cuda = place(tensor), cuda
        return cuda.copy(tensor, device)

    @staticmethod
    def backward(ctx, gradient):
        return ctx.cuda.copy(gradient, ctx.back), None, None


class Calls(TorchFunctionMode):
    """What Python asks of torch."""

    def __init__(self, cuda: "Cuda"):
        super().__init__()
        self.cuda = cuda
        self.answers = {
            Tensor.device.__get__: place,
            Tensor.is_cuda.__get__: lambda tensor: place(tensor).type == "cuda",
            Tensor.is_cpu.__get__: lambda tensor: place(tensor).type == "cpu",
            Tensor.get_device: lambda tensor: -1 if place(tensor) == CPU else place(tensor).index,
            Tensor.cpu: lambda tensor, **_: self.cuda.move(tensor, CPU),
            Tensor.cuda: lambda tensor, device=None, **_: self.cuda.move(tensor, self.cuda.named(device or "cuda")),
            Tensor.to: self.to,
        }

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if func in self.answers:
            return self.answers[func](*args, **kwargs)
        given = tensors_in(args, kwargs)
        near = next((place(tensor) for tensor in given if place(tensor) != CPU), CPU)
        asked = kwargs.pop("device", None)
        asked = near if func is Tensor.new_tensor and asked is None else asked
        asked = None if asked is None else self.cuda.named(asked)
        if near != CPU and func in (Tensor.numpy, Tensor.__array__):
            raise TypeError(
                f"can't convert {near} device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory"
            )
        if near != CPU and func is Tensor.tolist:
            self.cuda.synchronisations.append("tolist")
        with self.cuda.working(near, asked):
            found = func(*args, **kwargs)
            if func in COPYING:
                return found if asked is None else self.cuda.move(found, asked)
            if func in (torch.tensor, Tensor.new_tensor) and place(found) != CPU:
                self.cuda.synchronisations.append(func.__name__)
            return self.cuda.marked(found, asked or near)

    def to(self, tensor, *args, other=None, copy=False, **kwargs):
        args = (other, *args) if other is not None else args
        device, dtype, _, layout = torch._C._nn._parse_to(*args, **kwargs)
        device = place(args[0]) if args and isinstance(args[0], Tensor) else device
        changed = tensor.to(dtype=dtype or tensor.dtype, memory_format=layout or torch.preserve_format, copy=copy)
        self.cuda.marked(changed, place(tensor))
        return self.cuda.move(changed, place(tensor) if device is None else self.cuda.named(device))


class Operations(TorchDispatchMode):
    """What torch does."""

    def __init__(self, cuda: "Cuda"):
        super().__init__()
        self.cuda = cuda

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        device = self.device_of(func, args, tensors_in(args, kwargs or {}))
        name = func.overloadpacket
        if device != CPU and (name in WAITING or (name in INDEXING and self.waits(args))):
            self.cuda.synchronisations.append(str(name))
        self.cuda.operations_done += device != CPU
        seeded = torch.Tag.nondeterministic_seeded in func.tags
        with self.cuda.generator(self.cuda.asked or device) if seeded else contextlib.nullcontext():
            found = func(*args, **(kwargs or {}))
        return self.cuda.marked(found, self.cuda.asked or device)

    def device_of(self, func, args, given: list[Tensor]) -> torch.device:
        """The device of what comes out; raises what torch raises where the tensors do not lie together."""
        name = func.overloadpacket
        if name is aten.copy_:
            if place(args[0]) != place(args[1]):
                self.cuda.synchronisations.append("copy_")
            return place(args[0])
        if not given:  # torch makes a tensor for the ones that it works on, or Python without saying where
            return self.cuda.near
        if name in INDEXING:
            here = place(args[0])
            if any(place(index) not in (CPU, here) for index in args[1] if index is not None):
                raise RuntimeError(f"indices should be either on cpu or on the device of the indexed tensor ({here})")
            given = [args[0], *tensors_in(args[2:])]
        scalars = name in SCALARS or torch.Tag.pointwise in func.tags
        devices = {place(t) for t in given if not (scalars and t.dim() == 0 and place(t) == CPU)}
        if len(devices) > 1:
            found = " and ".join(sorted(map(str, devices), reverse=True))
            raise RuntimeError(
                f"Expected all tensors to be on the same device, but found at least two devices, {found}! ({func})"
            )
        return devices.pop() if devices else CPU

    def waits(self, args) -> bool:
        """Whether indexing a tensor of the device waits for it: to count what is true, or to copy indices there."""
        return any(i is not None and (i.dtype in (torch.bool, torch.uint8) or place(i) == CPU) for i in args[1])


class Cuda:
    """The context in which there are `count` pretend devices; "cuda" is the one of number `current`.

    synchronisations: what has waited for a device, by name; operations_done: how many were done on one.
    """

    def __init__(self, count: int = 1, current: int = 0):
        self.count, self.current = count, current
        self.states = [torch.get_rng_state() for _ in range(count)]  # each device has a generator of its own
        self.synchronisations: list[str] = []
        self.operations_done = 0  # on a device
        self.near, self.asked = CPU, None
        self.calls, self.operations = Calls(self), Operations(self)

    def __enter__(self) -> "Cuda":
        self.stack = contextlib.ExitStack()
        answers = {
            "is_available": lambda: True,
            "device_count": lambda: self.count,
            "current_device": lambda: self.current,
            "set_device": lambda device: setattr(self, "current", self.named(device).index),
            "get_device_name": lambda device=None: "pretend",
            "get_device_capability": lambda device=None: (7, 5),
            "manual_seed_all": self.seed,
            "get_rng_state": lambda device="cuda": self.states[self.named(device).index].clone(),
            "set_rng_state": lambda state, device="cuda": self.states.__setitem__(self.named(device).index, state),
        }
        for name, answer in answers.items():
            self.replace(torch.cuda, name, answer)
        run = torch.autograd._engine_run_backward

        def run_backward(*args, **kwargs):  # what Python does in backward passes is seen as well
            with self.calls:
                return run(*args, **kwargs)

        self.replace(torch.autograd, "_engine_run_backward", run_backward)
        registry = torch.serialization._package_registry
        entry = (0, lambda storage: self.location(storage), lambda storage, location: self.restored(storage, location))
        registry.insert(0, entry)
        self.stack.callback(registry.remove, entry)
        self.stack.enter_context(self.operations)
        self.stack.enter_context(self.calls)
        return self

    def __exit__(self, *error) -> None:
        self.stack.close()

    def replace(self, module, name: str, value) -> None:
        self.stack.callback(setattr, module, name, getattr(module, name))
        setattr(module, name, value)

    def named(self, device) -> torch.device:
        """A device with its number. Raises RuntimeError where there is none of that number."""
        device = torch.device("cuda", device) if isinstance(device, int) else torch.device(device)
        if device.type != "cuda":
            return device
        index = self.current if device.index is None else device.index
        if index >= self.count:
            raise RuntimeError("CUDA error: invalid device ordinal")
        return torch.device("cuda", index)

    def move(self, tensor: Tensor, device: torch.device) -> Tensor:
        if place(tensor) == device:
            return tensor
        self.synchronisations.append(f"to {device.type}")
        with self.calls if torch._C._len_torch_function_stack() == 0 else contextlib.nullcontext():
            return Moved.apply(tensor, device, self)

    def copy(self, tensor: Tensor, device: torch.device) -> Tensor:
        with self.hidden():
            return put(tensor.detach().clone(), device)

    def marked(self, found, device: torch.device):
        """What an operation gave, marked as of `device` where it is new."""
        for tensor in tensors_in(found):
            if tensor.layout == torch.strided and not hasattr(tensor.untyped_storage(), "pretended"):
                put(tensor, device)
        return found

    @contextlib.contextmanager
    def working(self, near: torch.device, asked: torch.device | None):
        """For the time of one call of torch: where its tensors lie, and which device it asks for."""
        before = self.near, self.asked
        self.near, self.asked = near, asked
        yield
        self.near, self.asked = before

    @contextlib.contextmanager
    def generator(self, device: torch.device):
        """Draw from the device's own generator."""
        if device == CPU:
            yield
            return
        host = torch.get_rng_state()
        torch.set_rng_state(self.states[device.index])
        yield
        self.states[device.index] = torch.get_rng_state()
        torch.set_rng_state(host)

    def seed(self, seed: int) -> None:
        self.states = [torch.Generator().manual_seed(seed).get_state() for _ in range(self.count)]

    def location(self, storage) -> str | None:
        device = getattr(storage, "pretended", CPU)
        return None if device == CPU else str(device)

    def restored(self, storage, location: str):
        if not location.startswith("cuda"):
            return None
        storage.pretended = self.named(location)
        return storage

    @contextlib.contextmanager
    def hidden(self):
        """Nothing of the device: tensors are what they really are."""
        with _disable_current_modes(), torch._C.DisableTorchFunction():
            yield
