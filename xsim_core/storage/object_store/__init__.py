"""Where a store lies, and its objects, below whatever is made of them.

From below, each knowing only those before it: ``address``, ``locate``, ``disk``, ``backends``, and
what disk and server mean when they refuse (``refusals``); ``listing``, ``payload`` (what bytes may
say), ``objects`` (asked for with patience), ``probe``.
"""
