"""One running platform: its folder, ports and secrets, the programs in it, and what supervises them.

Everything a run writes lies below its own folder. Ending a run ends only processes that it started.
"""
