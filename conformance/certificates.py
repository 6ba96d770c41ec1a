"""Makes the certificates that webhook receivers of the tests show, with `openssl`.

One authority with a leaf for 127.0.0.1, which the tests register with the server, and two receivers'
certificates that nobody vouches for: one as a careful person makes it, one as `openssl` does by default.
"""

import subprocess

# The name under which a test asks for a certificate: files NAME.pem and NAME.key.
TRUSTED = "trusted"
SELF_SIGNED = "self-signed"
SELF_SIGNED_AUTHORITY = "self-signed-authority"

OPENSSL_SECONDS = 30
DAYS = "2"
ADDRESS = "subjectAltName=IP:127.0.0.1,DNS:localhost"
LEAF = ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth", ADDRESS]
AUTHORITY = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"]


def make(folder):
    """Fills `folder`; the authority's certificate is `authority.pem`."""
    folder.mkdir()
    self_signed(folder, "authority", "Conformance Authority", AUTHORITY)
    self_signed(folder, SELF_SIGNED, "Self-signed", LEAF)
    self_signed(folder, SELF_SIGNED_AUTHORITY, "Self-signed by default", ["basicConstraints=CA:TRUE", ADDRESS])
    signed(folder, TRUSTED)


def self_signed(folder, name, subject, extensions):
    openssl(folder, ["req", "-x509", *new_key(name), "-out", f"{name}.pem", "-days", DAYS, *naming(subject, extensions)])


def signed(folder, name):
    extensions = folder / f"{name}.extensions"
    extensions.write_text("\n".join(LEAF))
    openssl(folder, ["req", *new_key(name), "-out", f"{name}.csr", *naming("Clinic", [])])
    authority = ["-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial"]
    files = ["-in", f"{name}.csr", "-out", f"{name}.pem", "-extfile", extensions.name]
    openssl(folder, ["x509", "-req", *files, *authority, "-days", DAYS])


def new_key(name):
    return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key"]


def naming(subject, extensions):
    # A configuration of our own: the machine's may add extensions that contradict these.
    added = [part for extension in extensions for part in ("-addext", extension)]
    return ["-config", "openssl.cnf", "-subj", f"/CN={subject}", *added]


def openssl(folder, arguments):
    configuration = folder / "openssl.cnf"
    configuration.write_text("[req]\ndistinguished_name = name\n[name]\n")
    subprocess.run(
        ["openssl", *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=OPENSSL_SECONDS,
        check=True,
    )
