"""Values as text and as bytes, by functions that are bound when the worker starts.

The code under test is imported later: what it replaces in `json` and `pickle` is not used here.
"""

from __future__ import annotations

from json import JSONDecoder, JSONEncoder
from pickle import dumps, loads

to_json = JSONEncoder().encode
from_json = JSONDecoder().decode
to_pickle = dumps
from_pickle = loads
