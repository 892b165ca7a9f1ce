"""Writes image archives that `minidock load`, `docker load` and skopeo (oci-archive:, docker-archive:) all read: an OCI
layout and docker's manifest.json over the same blobs, in one tar."""
import gzip
import hashlib
import io
import json
import subprocess
import tarfile


def tar_bytes(entries):
    """A layer tar from (name, TarInfo attributes, content) triples; content None makes no data."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, attributes, content in entries:
            info = tarfile.TarInfo(name)
            for key, value in attributes.items():
                setattr(info, key, value)
            if content is not None:
                info.size = len(content)
            tar.addfile(info, io.BytesIO(content) if content is not None else None)
    return buffer.getvalue()


def directory(name, mode=0o755, **more):
    return (name, {"type": tarfile.DIRTYPE, "mode": mode, **more}, None)


def regular(name, content, mode=0o644, **more):
    return (name, {"mode": mode, **more}, content)


def symlink(name, target):
    return (name, {"type": tarfile.SYMTYPE, "linkname": target, "mode": 0o777}, None)


def hard_link(name, target):
    return (name, {"type": tarfile.LNKTYPE, "linkname": target}, None)


class Image:
    """Layers and configuration of one image. Layers are given as uncompressed tars."""

    def __init__(self, reference, config=None, architecture="amd64"):
        self.reference = reference
        self.config = config or {}
        self.architecture = architecture
        self.blobs = {}
        self.layers = []
        self.diff_ids = []

    def _add_blob(self, data):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        self.blobs[digest] = data
        return digest

    def add_layer(self, tar, compression="gzip"):
        self.diff_ids.append("sha256:" + hashlib.sha256(tar).hexdigest())
        suffix = {"gzip": "+gzip", "zstd": "+zstd", "none": ""}[compression]
        if compression == "gzip":
            tar = gzip.compress(tar, compresslevel=6, mtime=0)
        elif compression == "zstd":
            tar = subprocess.run(["zstd", "-q", "-c"], input=tar, stdout=subprocess.PIPE, check=True).stdout
        digest = self._add_blob(tar)
        self.layers.append({"mediaType": f"application/vnd.oci.image.layer.v1.tar{suffix}", "digest": digest,
                            "size": len(tar)})

    def write(self, path):
        document = {"architecture": self.architecture, "os": "linux", "created": "2024-01-01T00:00:00Z",
                    "config": self.config, "rootfs": {"type": "layers", "diff_ids": self.diff_ids},
                    "history": [{"created": "2024-01-01T00:00:00Z", "created_by": "make_images"} for _ in self.layers]}
        config = json.dumps(document).encode()
        config_digest = self._add_blob(config)
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config_digest,
                       "size": len(config)},
            "layers": self.layers}).encode()
        manifest_digest = self._add_blob(manifest)
        index = {"schemaVersion": 2, "manifests": [
            {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": manifest_digest,
             "size": len(manifest), "platform": {"architecture": self.architecture, "os": "linux"},
             "annotations": {"io.containerd.image.name": self.reference,
                             "org.opencontainers.image.ref.name": self.reference.rsplit(":", 1)[-1]}}]}
        docker = [{"Config": blob_path(config_digest), "RepoTags": [self.reference],
                   "Layers": [blob_path(layer["digest"]) for layer in self.layers]}]
        write_archive(path, self.blobs, index, docker)


def blob_path(digest):
    return "blobs/" + digest.replace(":", "/")


def write_archive(path, blobs, index, docker_manifest):
    files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": json.dumps(index).encode()}
    if docker_manifest is not None:
        files["manifest.json"] = json.dumps(docker_manifest).encode()
    files.update({blob_path(digest): data for digest, data in blobs.items()})
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            info.mode = 0o644
            tar.addfile(info, io.BytesIO(data))
