"""All benchmarks, one after another."""

from tests.bench import accept, apply, draft, exports, imports, snapshots, validate, visible

for bench in (accept, apply, visible, validate, imports, exports, draft, snapshots):
    print(f"\n{(bench.__doc__ or '').splitlines()[0]}", flush=True)
    bench.run()
