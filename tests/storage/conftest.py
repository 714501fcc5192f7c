from tests.servers.s3 import moto_endpoint, moto_url, real_s3, real_url

__all__ = ["moto_endpoint", "moto_url", "real_s3", "real_url"]
