"""Deletes that a release has recorded in a stack's state, each with its recorded stdin.

Pulumi runs them unchanged, with the host's version of the program at that time. So a line stays here for good: if a
verb changes its form, the new one is added.
"""

RECORDED = [
    ("network-remove infra_network --stack prod", '{"fingerprint": "none"}'),
    ("take-out prod legal --postgres sertantai-prod-postgres --grace 60", ""),
    (
        "site-remove legal --gateway sertantai-prod-nginx",
        '{"domains": ["legal.sertantai.com"], "fingerprint": "none", "text": "server {}"}',
    ),
    (
        "database-leave legal sertantai_legal_prod --owner sertantai_legal_prod_owner "
        "--postgres sertantai-prod-postgres",
        '{"extensions": ["citext"], "fingerprints": {"login": "none"}, "login": "sertantai_legal_prod_8015f26c"}',
    ),
    (
        "database-leave compliance sertantai_legal_prod --owner sertantai_legal_prod_owner --prefix compliance-app "
        "--postgres sertantai-prod-postgres",
        '{"extensions": [], "fingerprints": {"login": "none"}, "login": "compliance-app_8015f26c"}',
    ),
    (
        "electric-role-remove prod compliance sertantai_legal_prod --group compliance-electric "
        "--slot electric_slot_compliance --publication electric_publication_compliance --drop-group "
        "--postgres sertantai-prod-postgres",
        '{"fingerprint": "none", "login": "compliance-electric_655c1a1f", "password": "a password"}',
    ),
    (
        "sharer-leave compliance sertantai_legal_prod --postgres sertantai-prod-postgres",
        '{"group": "compliance-electric", "owner": "sertantai_legal_prod_owner", "prefix": "compliance-app", '
        '"publication": "electric_publication_compliance", "slot": "electric_slot_compliance"}',
    ),
    (
        "sharer-leave compliance sertantai_legal_prod --postgres sertantai-prod-postgres",
        '{"group": "compliance-electric", "owner": "sertantai_legal_prod_owner", "prefix": "compliance-app"}',
    ),
    (
        "reader-remove hub auth sertantai_auth_prod --owner sertantai_auth_prod_owner "
        "--group sertantai_auth_prod-reads --prefix hub-reads --postgres sertantai-prod-postgres",
        '{"fingerprint": "none", "login": "hub-reads_655c1a1f", "password": "a password"}',
    ),
    (
        "electric-role-remove prod legal sertantai_legal_prod --group sertantai_legal_prod_electric "
        "--slot electric_slot_legal --publication electric_publication_legal --postgres sertantai-prod-postgres",
        '{"fingerprint": "none", "login": "sertantai_legal_prod_electric_655c1a1f", "password": "a password"}',
    ),
    (
        "redis-user-remove prod auth auth_app --prefix auth: --redis sertantai-prod-redis",
        '{"password": "#afc6d073", "rules": ["on", "resetkeys"]}',
    ),
    ("disconnect baserow --gateway sertantai-prod-nginx --network infra_network", '{"fingerprint": "none"}'),
    ("folder-remove /mnt/sertantai sertantai-prod-legal-electric", ""),
    (
        "volume-leave legal sertantai-prod-legal-scraper --disk /mnt/sertantai",
        '{"image": "ghcr.io/owner/legal@sha256:a"}',
    ),
    ("volume-leave legal sertantai-local-legal-scraper", '{"image": "ghcr.io/owner/legal@sha256:a"}'),
]
