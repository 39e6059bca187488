"""All benchmarks, one after another."""

from tests.bench import accept, draft, snapshots

for bench in (accept, draft, snapshots):
    print(f"\n{(bench.__doc__ or '').splitlines()[0]}", flush=True)
    bench.run()
