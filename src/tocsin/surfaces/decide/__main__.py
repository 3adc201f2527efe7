"""Only the decide process, with keys from a file: for benchmarks, tests and integration work.

python -m tocsin.surfaces.decide --folder DIR --rules DIR --keys keys.json --port 8002
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tocsin.core.crypto.day_codec import DayCodec
from tocsin.core.faults import log_to_screen
from tocsin.surfaces.decide.config import DecideConfig
from tocsin.surfaces.decide.keys import FileKeyStore
from tocsin.surfaces.decide.log_keys import KeyFolder
from tocsin.surfaces.decide.serve import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="tocsin.surfaces.decide", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where the log and its snapshots live")
    parser.add_argument("--rules", type=Path, required=True, help="folder of rule files")
    parser.add_argument(
        "--published", type=Path, help="link to the folder of rules in force, once there is one"
    )
    parser.add_argument("--keys", type=Path, required=True, help="JSON file of API keys")
    parser.add_argument(
        "--log-keys", type=Path, help="folder of keys that seal the log (default: beside DIR)"
    )
    parser.add_argument("--port", type=int, default=8002, help="0: any free one")
    parser.add_argument("--port-file", type=Path, help="write the port here once ready")
    parser.add_argument("--snapshot-every", type=int, default=DecideConfig.snapshot_every)
    parser.add_argument("--snapshot-seconds", type=float, default=DecideConfig.snapshot_seconds)
    parser.add_argument("--segment-seconds", type=float, default=DecideConfig.segment_seconds)
    args = parser.parse_args()
    log_to_screen()

    def tell(port: int) -> None:
        if args.port_file:
            draft = args.port_file.with_suffix(".new")
            draft.write_text(str(port))
            draft.rename(args.port_file)

    serve(
        DecideConfig(
            folder=args.folder,
            rules_dir=args.rules,
            published=args.published,
            keys=FileKeyStore(args.keys),
            codec=DayCodec(KeyFolder(args.log_keys or args.folder.with_name(f"{args.folder.name}-keys"))),
            port=args.port,
            on_listening=tell,
            snapshot_every=args.snapshot_every,
            snapshot_seconds=args.snapshot_seconds,
            segment_seconds=args.segment_seconds,
        )
    )


if __name__ == "__main__":
    main()
