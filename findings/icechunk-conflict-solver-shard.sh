#!/usr/bin/env bash
# Icechunk's BasicConflictSolver says it keeps theirs and keeps ours: a rebase after writing rows 4-5 of a
# shard puts the other writer's rows 0-1 back to zero.
#
# Package:  icechunk 1.1.21 and 2.3.0 (which needs Python 3.12), zarr 3.1.6
# Expected: on_chunk_conflict, "by default VersionSelection.use_theirs()": what was committed first stays; or,
#           as the two sessions wrote disjoint rows, both survive.
# Seen:     session one commits rows 0-1 = 1, session two wrote rows 4-5 = 2, gets a ConflictError, rebases
#           with BasicConflictSolver() and commits: [0 0 0 0 2 2 0 0]. The signature's default is UseOurs, and
#           a shard is one chunk to it.
# Matters:  parallel workers that append frames or episodes to one sharded array and rebase on conflict erase
#           each other's rows, with two successful commits in the log.
# Instead:  let each worker own whole shards; BasicConflictSolver(on_chunk_conflict=VersionSelection.Fail),
#           then read again and write again.
source "$(dirname "${BASH_SOURCE[0]}")/environment.bash"
pip_install icechunk==1.1.21 zarr==3.1.6 numpy==2.4.6
"$python" - <<'PY'
import icechunk
import zarr

repository = icechunk.Repository.create(icechunk.in_memory_storage())
session = repository.writable_session("main")
array = zarr.group(session.store).create_array("rows", shape=(8,), chunks=(2,), shards=(8,), dtype="i4")
array[:] = 0
session.commit("eight zeros in one shard")

one, two = (repository.writable_session("main") for _ in range(2))
zarr.open_group(one.store)["rows"][0:2] = 1
zarr.open_group(two.store)["rows"][4:6] = 2
one.commit("rows 0-1")
try:
    two.commit("rows 4-5")
    raise SystemExit("changed: there is no conflict")
except icechunk.ConflictError:
    two.rebase(icechunk.BasicConflictSolver())
    two.commit("rows 4-5")
seen = zarr.open_group(repository.readonly_session("main").store, mode="r")["rows"][:].tolist()

print("icechunk", icechunk.__version__, "- zarr", zarr.__version__)
print("expected: [1, 1, 0, 0, 0, 0, 0, 0] (theirs) or [1, 1, 0, 0, 2, 2, 0, 0] (both)")
print("seen:    ", seen)
if seen != [0, 0, 0, 0, 2, 2, 0, 0]:
    raise SystemExit("changed: the first writer's rows survive")
print("holds: the committed rows 0-1 are gone")
PY
