"""The scam check. PURE: no file, no clock, no network.

One text goes in at `inspect.py` and comes out as a Judgement (`model.py`):
  addresses.py    finds the web addresses in it, however they were pasted
  links.py        judges one address: whose it is, and the signs that its name shows
    names.py        reads a name as words, syllables and digits
    look_alikes.py  finds names that are nearly a bank's or an office's
    letters.py      what the eye takes for the same letters
  messages.py     judges the words around the addresses by knowledge/scam_signs.yaml
  likeness.py     how much the words are like messages known to be scams, or honest
Beside it: codes.py knows a secret that was pasted by mistake, blocklist.py a million bad addresses.
"""
