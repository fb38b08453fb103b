"""Deletes that a release of ours has recorded in a stack's state, with the stdin recorded beside each.

Pulumi runs them as they are, by whatever version of the program is on the host by then. So a line stays here for good:
where a verb changes its form, the new one is added.
"""

RECORDED = [
    ("network-remove infra_network --stack prod", '{"fingerprint": "none"}'),
    ("take-out prod legal --postgres sertantai-prod-postgres --grace 60", ""),
    (
        "site-remove legal --gateway sertantai-prod-nginx",
        '{"domains": ["legal.sertantai.com"], "fingerprint": "none", "text": "server {}"}',
    ),
    ("folder-remove /mnt/sertantai sertantai-prod-legal-electric", ""),
]
