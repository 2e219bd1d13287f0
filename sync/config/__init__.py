"""The installation as its files describe it: config.toml, the policies and the mappings, checked together."""

from sync.config.form import AdmitForm, ConfigForm, SsoForm, StoreForm
from sync.config.loading import Config, load

__all__ = ["AdmitForm", "Config", "ConfigForm", "SsoForm", "StoreForm", "load"]
