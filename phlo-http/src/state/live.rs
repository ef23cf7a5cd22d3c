//! The configuration with everything that is made from it once rather than for each request.

use phlo_core::{
    engine::{RoleSettings, Settings},
    parse::{self, Root, TransactionOverride},
    plan::Limits,
    schema::{Ident, QualifiedName},
};

use crate::{
    auth::Authenticator,
    config::{Config, FunctionName, OpenApiMode},
    openapi::Proxy,
    state::PlanCache,
};

/// The configuration with everything that is made from it.
#[derive(Debug)]
pub struct Live {
    /// The configuration.
    pub config: Config,
    /// Who verifies tokens.
    pub authenticator: Authenticator,
    /// What is added to every request.
    pub settings: Settings,
    /// How requests are read.
    pub parse: parse::Options,
    /// Where clients find the server, if that is behind a proxy.
    pub proxy: Option<Proxy>,
    /// What was planned under this configuration.
    pub plans: PlanCache,
}

impl Live {
    /// Makes everything from a configuration; tokens that an earlier one has verified are kept
    /// where its rules are the same.
    pub fn new(config: Config, earlier: Option<&Self>) -> Self {
        let authenticator = match earlier {
            Some(earlier) => earlier.authenticator.reconfigured(&config),
            None => Authenticator::new(&config),
        };
        Self {
            authenticator,
            settings: settings(&config),
            parse: parse_options(&config),
            proxy: config.openapi_server_proxy_uri.as_deref().and_then(Proxy::parse),
            plans: PlanCache::default(),
            config,
        }
    }
}

fn settings(config: &Config) -> Settings {
    let roles = config.role_settings.iter().map(|(role, own)| {
        let settings = RoleSettings { settings: own.settings.clone(), isolation: own.isolation };
        (role.clone(), settings)
    });
    Settings {
        limits: Limits {
            max_rows: config.db_max_rows,
            aggregates: config.db_aggregates_enabled,
            explain: config.db_plan_enabled,
            legacy_target_names: config.url_use_legacy_target_names,
            extra_search_path: config.db_extra_search_path.clone(),
            ..Limits::default()
        },
        rollback_all: config.db_tx_end.rolls_back(),
        pre_request: config.db_pre_request.as_ref().map(qualified),
        app_settings: config
            .app_settings
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        roles: roles.collect(),
        ..Settings::default()
    }
}

fn parse_options(config: &Config) -> parse::Options {
    let root = match (config.openapi_mode, &config.db_root_spec) {
        (OpenApiMode::Disabled, _) => Root::Disabled,
        (_, Some(function)) => Root::Function(function.name.clone()),
        (_, None) => Root::Document,
    };
    parse::Options {
        schemas: config.db_schemas.clone(),
        transaction: if config.db_tx_end.allows_override() {
            TransactionOverride::Allowed
        } else {
            TransactionOverride::Ignored
        },
        root,
        limits: parse::Limits::default(),
    }
}

fn qualified(function: &FunctionName) -> QualifiedName {
    QualifiedName {
        schema: function.schema.clone().unwrap_or_else(|| Ident::new("")),
        name: function.name.clone(),
    }
}
