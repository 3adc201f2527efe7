"""The built-in telephone: answers SIP calls and does what the documents of the call flow say, as a carrier
would."""
