"""Content-addressed artifacts on ``file://``, ``s3://`` and ``memory://``.

From below, each knowing only those before it:

- ``object_store``: where a store lies, and its objects, asked for with patience;
- an artifact: ``runtime`` (what a stage is told), ``writer``, ``commit``, ``reader`` (through
  ``verified`` and ``codecs``), ``frames``;
- the store: ``store``, and upon it ``records``, ``reach``, ``collect`` (``xsim gc``), ``bucket``.
"""

import lazy_loader

# __init__.pyi says what is here; it is imported when it is first asked for.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
