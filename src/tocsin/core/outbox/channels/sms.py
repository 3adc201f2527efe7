"""Text messages. Without a carrier they are written to ``$TOCSIN_HOME/mail/<key>.sms``."""

from __future__ import annotations

from tocsin.core.outbox.channels import files
from tocsin.core.outbox.parcels import DONE, Outcome, Parcel


def send_sms(parcel: Parcel) -> Outcome:
    """Write the message to a file: the number, an empty line, the text."""
    files.write(parcel.key, ".sms", f"To: {parcel.to}\n\n{parcel.body.get('text', '')}\n".encode())
    return DONE
