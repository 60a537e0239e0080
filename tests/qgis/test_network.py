"""The certificates that QGIS trusts reach the engine, whose imagery and weights come over the network."""

from __future__ import annotations

import pytest

from astroloc_qgis.qgis_adapters.engine import network
from astroloc_qgis.qgis_adapters.engine.interpreter import engine_environment, engine_folder
from astroloc_qgis.qgis_adapters.settings import Settings

PEM = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


class Manager:
    """QGIS's store of certificates."""

    def __init__(self, own):
        self._own = own

    def isDisabled(self):  # noqa: N802 - the name is QGIS's
        return False

    def databaseCAs(self):  # noqa: N802
        return self._own

    def extraFileCAs(self):  # noqa: N802
        return []

    def trustedCaCertsPemText(self):  # noqa: N802
        return PEM


@pytest.fixture
def qgis_trusts(monkeypatch):
    """Sets what QGIS trusts: authorities that the user has added."""
    for name in network.CERTIFICATE_VARIABLES:
        monkeypatch.delenv(name, raising=False)

    def trust(*own):
        monkeypatch.setattr(network.QgsApplication, "authManager", staticmethod(lambda: Manager(list(own))))

    return trust


def named():
    environment = engine_environment()
    return {environment.value(name) for name in network.CERTIFICATE_VARIABLES}


def test_authorities_that_the_user_has_added_are_named_to_the_engine(qgis_trusts):
    qgis_trusts("an authority")
    (file,) = named()
    assert file == str(engine_folder(Settings()) / "certificates.pem")
    assert (engine_folder(Settings()) / "certificates.pem").read_bytes() == PEM


def test_without_any_the_system_decides(qgis_trusts):
    qgis_trusts()
    assert named() == {""}
    assert not (engine_folder(Settings()) / "certificates.pem").exists()


def test_variables_that_name_certificates_are_left_alone(qgis_trusts, monkeypatch):
    qgis_trusts("an authority")
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/office.pem")
    assert named() == {"/etc/office.pem", ""}


def test_a_folder_that_cannot_be_written_keeps_the_engine_from_nothing(qgis_trusts, monkeypatch, tmp_path):
    qgis_trusts("an authority")
    (tmp_path / "file").touch()
    Settings().engine_folder = str(tmp_path / "file" / "engine")
    assert named() == {""}
