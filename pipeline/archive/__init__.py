"""The pages kept: records of the log in files, by day and partition, from which it is filled again.

A log forgets after its retention; an index is rebuilt from here. For people, a file is JSON lines
under zstd; for us, it gives back every record byte by byte, poison too.

    <root>/archive.json
    <root>/pages/day=2026-11-23/partition=0003/000000000000-000000004711-5f0c3a91.jsonl.zst
    <root>/pages/day=2026-11-23/partition=0003/000000000000-000000004711-5f0c3a91.json

A file counts once its index stands beside it, and an offset is committed only then. No name is
ever written with other content: it ends with a digest of its lines, since a log that was made anew
counts from 0 again, and since who lost a partition may still be writing. Repeats are dropped in
reading.
"""
