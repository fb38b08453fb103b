"""The dates of a certificate."""

import datetime

import pytest
import trustme

from host import x509


def body(expires: datetime.datetime) -> str:
    certificate = trustme.CA().issue_cert("legal.test", not_after=expires)
    return "".join(certificate.cert_chain_pems[0].bytes().decode().splitlines()[1:-1])


@pytest.mark.parametrize("year", [2027, 2049, 2050, 2300])
def test_the_end_is_read_in_both_forms_of_the_standard(year: int) -> None:
    """Until 2049 a year has two digits."""
    dates = x509.dates(body(datetime.datetime(year, 3, 4, 5, 6, 7, tzinfo=datetime.UTC)))
    assert dates
    assert dates[1] == f"{year}-03-04T05:06:07Z"
    assert dates[0] < dates[1]


@pytest.mark.parametrize("text", ["", "AAAA", "not base64!", "MIIChTCCAW2gAwIBAgIIHo"])
def test_a_damaged_certificate_is_told(text: str) -> None:
    with pytest.raises(x509.Damaged):
        x509.dates(text)
