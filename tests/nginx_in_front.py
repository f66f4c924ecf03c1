"""Runs nginx in front of a web server, with the configuration that compose.yaml mounts."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template

import yaml

from tests.service_stack import CHECKOUT, accepts, free_port, until

MAIN = """daemon off;
%(user)s
pid %(folder)s/pid;
error_log %(folder)s/error.log;
events { worker_connections 4096; }
http {
    client_body_temp_path %(folder)s/body;
    proxy_temp_path %(folder)s/proxy;
    fastcgi_temp_path %(folder)s/fastcgi;
    uwsgi_temp_path %(folder)s/uwsgi;
    scgi_temp_path %(folder)s/scgi;
    include %(folder)s/site.conf;
}
"""


def mounted_template() -> Path:
    """The configuration template that compose.yaml mounts into Docker's nginx image."""
    [volume] = yaml.safe_load((CHECKOUT / "compose.yaml").read_text())["services"]["nginx"]["volumes"]
    return CHECKOUT / volume.split(":")[0]


@contextmanager
def nginx_in_front(port: int, log: Path = Path(os.devnull)) -> Iterator[int]:
    """Run nginx as a proxy of the web server at `port`; yield nginx's port. Its output is appended to `log`."""
    nginx_port = free_port()
    variables = {"PERENNIAL_UPSTREAM": f"127.0.0.1:{port}", "PERENNIAL_PORT": str(nginx_port)}
    with tempfile.TemporaryDirectory(prefix="perennial-nginx-") as name:
        folder = Path(name)
        site = Template(mounted_template().read_text()).safe_substitute(variables)
        (folder / "site.conf").write_text(site)
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(MAIN % {"folder": folder, "user": user})
        command = ["/usr/sbin/nginx", "-p", name, "-e", f"{name}/error.log", "-c", f"{name}/nginx.conf"]
        with log.open("a") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            until(lambda: accepts(nginx_port), "nginx listens", 20)
            yield nginx_port
        finally:
            process.terminate()
            process.wait(20)
