"""What numba has no words for: 32 bytes at a time, and asking for memory before it is needed.

Each compiles to an instruction or two. Nothing checks the bounds: offsets are the caller's word.
A plain loop over bytes is left by LLVM as it is, since it can't know that rows don't overlap.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.core.cgutils import ir  # llvmlite's, in the one version this numba works with
from numba.extending import intrinsic

WIDTH = 32  # bytes: a vector of AVX2; other processors get as many narrower ones
LINE = 64  # bytes that come from memory together

_ROW = ir.VectorType(ir.IntType(8), WIDTH)
_LANES = ir.IntType(WIDTH)


@intrinsic  # type: ignore[untyped-decorator, unused-ignore]
def keep_larger(typing: Any, row: Any, at: Any, rows: Any, start: Any) -> Any:
    """keep_larger(row, at, rows, start): each of 32 bytes of `row`, or that of `rows` if larger."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        here = _address(context, builder, signature.args[0], arguments[0], arguments[1])
        there = _address(context, builder, signature.args[2], arguments[2], arguments[3])
        mine, other = _load(builder, here), _load(builder, there)
        larger = builder.select(builder.icmp_unsigned(">", other, mine), other, mine)
        builder.store(larger, builder.bitcast(here, _ROW.as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(row, at, rows, start), code


@intrinsic  # type: ignore[untyped-decorator, unused-ignore]
def differ(typing: Any, row: Any, at: Any, rows: Any, start: Any) -> Any:
    """differ(row, at, rows, start): whether any of 32 bytes does."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        here = _address(context, builder, signature.args[0], arguments[0], arguments[1])
        there = _address(context, builder, signature.args[2], arguments[2], arguments[3])
        unlike = builder.icmp_unsigned("!=", _load(builder, here), _load(builder, there))
        return builder.icmp_unsigned("!=", builder.bitcast(unlike, _LANES), _LANES(0))

    return types.boolean(row, at, rows, start), code


@intrinsic  # type: ignore[untyped-decorator, unused-ignore]
def copy_over(typing: Any, row: Any, at: Any, rows: Any, start: Any) -> Any:
    """copy_over(row, at, rows, start): 32 bytes of `rows` onto those of `row`."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        here = _address(context, builder, signature.args[0], arguments[0], arguments[1])
        there = _address(context, builder, signature.args[2], arguments[2], arguments[3])
        builder.store(_load(builder, there), builder.bitcast(here, _ROW.as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(row, at, rows, start), code


@intrinsic  # type: ignore[untyped-decorator, unused-ignore]
def ask_for(typing: Any, rows: Any, start: Any) -> Any:
    """ask_for(rows, start): begin to bring that line into the cache; no address is wrong."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        there = _address(context, builder, signature.args[0], *arguments)
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [there.type, number, number, number])
        fetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(fetch, [there, number(0), number(3), number(1)])  # to read, to keep, data
        return context.get_dummy_value()

    return types.void(rows, start), code


def _address(context: Any, builder: Any, kind: Any, array: Any, offset: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.gep(data, [offset])


def _load(builder: Any, address: Any) -> Any:
    return builder.load(builder.bitcast(address, _ROW.as_pointer()), align=1)
