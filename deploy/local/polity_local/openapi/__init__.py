"""The OpenAPI document of all services: written, held against the code, and held against the rules of linters."""
