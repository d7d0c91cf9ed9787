"""What every page is made with: routes that turn errors into pages, templates, forms, static files and charts.

It knows the API's client and the languages, and none of the features. `Portal` is what pages share while the process
runs.
"""
