"""Mechanisms that Polity's services share. No noun of the domain stands here.

From the top down: a process and its HTTP application, what operations staff use, authorization, the web and messaging
(which know nothing of each other), the database, observability. A package imports only from those below it.
"""
