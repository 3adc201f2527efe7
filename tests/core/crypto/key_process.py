"""A process of its own that uses keys, for tests that kill it or work behind its back.

``python -m tests.core.crypto.key_process TASK``:

* ``seed N`` seals a value for each of N people and prints the sealed values in hex;
* ``rotate`` rotates the master key and prints "resumed" or "new", and how many keys it wrapped;
* ``read SCOPE HEX`` opens a value each time a line comes in, and prints it or the name of the error;
* ``destroy SCOPE`` destroys a key.
"""

from __future__ import annotations

import sys

import django


def main(task: str, *arguments: str) -> None:
    django.setup()
    from tocsin.core.act import act
    from tocsin.core.actor import system
    from tocsin.core.crypto import seal
    from tocsin.core.crypto.errors import CannotOpen
    from tocsin.core.crypto.rotation import rotate
    from tocsin.core.crypto.shred import destroy

    if task == "seed":
        people = [f"party:{number}" for number in range(int(arguments[0]))]
        for person in people:
            print(seal.seal(person, "name", person).hex())
    elif task == "rotate":
        done = rotate(system("keys"))
        print("resumed" if done.resumed else "new", done.rewrapped)
    elif task == "read":
        for _ in sys.stdin:
            try:
                print(seal.open_text(arguments[0], "name", bytes.fromhex(arguments[1])), flush=True)
            except CannotOpen as error:
                print(type(error).__name__, flush=True)
    elif task == "destroy":
        with act(system("privacy"), "party.erase") as work:
            destroy(work, arguments[0], "the person asked for it")


if __name__ == "__main__":
    main(*sys.argv[1:])
