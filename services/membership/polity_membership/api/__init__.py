"""What all nouns share of the HTTP API: who may call, fields of bodies, titles of refusals, the list of routers."""
