"""What a failed program prints is explained in one sentence."""

from __future__ import annotations

import pytest

from astroloc_qgis.installer import causes


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("error: Failed to write: No space left on device (os error 28)", "disk is full"),
        (
            "ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407 Proxy Auth",
            "name and a password",
        ),
        ("error: tunnel error: proxy authorization required: 407", "name and a password"),
        ("OSError('SOCKS5 authentication failed')", "name and a password"),
        ("All offered SOCKS5 authentication methods were rejected", "name and a password"),
        ("* User was rejected by the SOCKS5 server (1 1).", "name and a password"),
        ("* No authentication method was acceptable.", "name and a password"),
        ("cause: SOCKS error: credentials not accepted", "name and a password"),
        ("cause: SOCKS error: server does not support user/pass authentication", "name and a password"),
        ("Error connecting to SOCKS5 proxy 127.0.0.1:9: [Errno 111] Connection refused", "proxy cannot be reached"),
        ("cause: SOCKS error: failed to create underlying connection", "proxy cannot be reached"),
        ("* Can't complete SOCKS5 connection to index.example. (5)", "proxy cannot be reached"),
        ("Error: Command '[..., 'ensurepip', ...]' returned non-zero exit status 1.", "python3-venv"),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify", "not trusted"),
        ("error: invalid peer certificate: UnknownIssuer", "not trusted"),
        ("NewConnectionError: [Errno -3] Temporary failure in name resolution", "cannot be reached"),
        ("error: error sending request for url: dns error: failed to lookup address", "cannot be reached"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "checksum"),
        ("error: Hash mismatch for `torch==2.13.0`", "checksum"),
        ("ERROR: No matching distribution found for torch==2.13.0", "not to be had"),
        ("PermissionError: [Errno 13] Permission denied: '/usr/lib/x'", "cannot be written to"),
        ("OSError: [WinError 126] The specified module could not be found. Error loading c10.dll", "Visual C++"),
        ("OSError: [WinError 1114] A dynamic link library (DLL) initialization routine failed", "Visual C++"),
        ("OSError: [WinError 127] The specified procedure could not be found", "latest-supported-vc-redist"),
        ("ImportError: DLL load failed while importing _swigfaiss: The specified module", "Visual C++"),
        ("ImportError: DLL load failed while importing _gdal: The specified module", "the details hold what was said"),
        ("[WinError 1267] something else", "the details hold what was said"),
        ("something that nobody has seen before", "the details hold what was said"),
    ],
)
def test_what_programs_say_is_told_in_a_sentence_with_their_words_in_the_details(said, meant):
    error = causes.explained("install the packages", said)
    assert meant in str(error)
    assert error.details == said


@pytest.mark.parametrize(
    ("said", "out_of_reach"),
    [
        ("ERROR: No matching distribution found for torch==2.13.0+cpu", True),
        (
            "HTTPSConnectionPool(host='index.example'): Max retries exceeded (Caused by NewConnectionError",
            True,
        ),
        ("ERROR: 503 Server Error: Service Unavailable for url: https://index.example/torch/", True),
        ("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify", True),
        ("  Downloading https://index.example/torch-2.13.0%2Bcpu-cp311-cp311-manylinux_2_28_x86_64.whl.metadata", True),
        ("  Downloading https://index.example/torch-2.13.0%2Bcpu-cp311-cp311-linux_x86_64.whl (192 MB)\nreset", False),
        ("Collecting torch\n  Downloading torch-1.0+cpu-py3-none-any.whl (2 kB)\nIncompleteRead", False),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", False),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", False),
        ("ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407 Proxy Auth", False),
    ],
)
def test_an_index_is_out_of_reach_if_nothing_began_to_come_from_it_and_another_one_could_serve(said, out_of_reach):
    assert causes.is_out_of_reach(said) is out_of_reach
