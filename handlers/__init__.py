"""The access layer's HTTP side: parse, authorise, call a service, render. Tornado lives here."""
