"""The rules of proofs.

What may be sent, how far an upload has come, and the size and tags of a photo.
"""
