"""The platform's HTTP API as the portal calls it, through the gateway's internal listener.

It raises ApiProblem for what the API refuses and ApiUnavailable where it does not answer. Answers to everybody are
asked for again by their ETag.
"""
