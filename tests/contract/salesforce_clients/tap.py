"""tap-salesforce as it is, but that it signs in at the address given first; the rest are its own arguments."""

import sys

import requests
import tap_salesforce

HOST = "https://login.salesforce.com"
send = requests.Session.request


def at(home):
    def request(session, method, url, *args, **options):
        return send(session, method, url.replace(HOST, home), *args, **options)

    return request


if __name__ == "__main__":
    requests.Session.request = at(sys.argv.pop(1))
    tap_salesforce.main()
