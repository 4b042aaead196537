//! Calls: which function of Trino's is which of the engine's or of ours, and the forms that are no functions at all.

use super::rewrite::{Rewriter, at, bare, call, integer, text, unbuilt};
use crate::engine::trino;
use datafusion::sql::sqlparser::ast::*;

/// Aggregates and window functions of the engine that are Trino's by name and deed.
const NATIVE: &[&str] = &[
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "stddev",
    "stddev_samp",
    "stddev_pop",
    "var_samp",
    "var_pop",
    "corr",
    "covar_pop",
    "covar_samp",
    "regr_slope",
    "regr_intercept",
    "array_agg",
    "bool_and",
    "bool_or",
    "row_number",
    "rank",
    "dense_rank",
    "percent_rank",
    "cume_dist",
    "ntile",
    "lag",
    "lead",
    "first_value",
    "last_value",
    "nth_value",
    "grouping",
    "coalesce",
    "nullif",
    "bit_and",
    "bit_or",
    "bit_xor",
    "approx_distinct",
];
/// The same under other names.
const RENAMED: &[(&str, &str)] = &[
    ("variance", "var_samp"),
    ("every", "bool_and"),
    ("bitwise_and_agg", "bit_and"),
    ("bitwise_or_agg", "bit_or"),
    ("bitwise_xor_agg", "bit_xor"),
    ("arbitrary", "any_value"),
    ("character_length", "length"),
    ("char_length", "length"),
];
/// What Trino has and nothing here does.
const UNBUILT: &[&str] = &[
    "approx_set",
    "merge",
    "empty_approx_set",
    "make_set_digest",
    "merge_set_digest",
    "intersection_cardinality",
    "jaccard_index",
    "hash_counts",
    "tdigest_agg",
    "qdigest_agg",
    "value_at_quantile",
    "values_at_quantiles",
    "reduce_agg",
    "bing_tile",
    "bing_tile_at",
    "st_point",
    "st_contains",
    "st_distance",
    "st_geometryfromtext",
    "st_astext",
    "st_area",
    "st_intersects",
    "st_within",
    "st_polygon",
    "st_x",
    "st_y",
    "to_spherical_geography",
    "great_circle_distance",
    "learn_classifier",
    "learn_regressor",
    "classify",
    "color",
    "render",
    "rgb",
    "bar",
    "json_value",
    "json_query",
    "json_exists",
    "json_object",
    "json_array",
    "json_table",
    "murmur3",
    "spooky_hash_v2_64",
    "inverse_normal_cdf",
    "beta_cdf",
    "inverse_beta_cdf",
    "wilson_interval_lower",
    "wilson_interval_upper",
    "from_geojson_geometry",
    "to_geojson_geometry",
    "word_stem",
    "ip_prefix",
    "ip_subnet_min",
    "ip_subnet_max",
    "version",
    "contains_sequence",
    "st_asbinary",
    "st_boundary",
    "st_buffer",
    "st_centroid",
    "st_convexhull",
    "st_coorddim",
    "st_crosses",
    "st_difference",
    "st_dimension",
    "st_disjoint",
    "st_endpoint",
    "st_envelope",
    "st_envelopeaspts",
    "st_equals",
    "st_exteriorring",
    "st_geometries",
    "st_geometryn",
    "st_geometrytype",
    "st_geomfrombinary",
    "st_interiorringn",
    "st_interiorrings",
    "st_intersection",
    "st_isclosed",
    "st_isempty",
    "st_isring",
    "st_issimple",
    "st_isvalid",
    "st_length",
    "st_linefromtext",
    "st_linestring",
    "st_multipoint",
    "st_numgeometries",
    "st_numinteriorring",
    "st_numpoints",
    "st_overlaps",
    "st_pointn",
    "st_points",
    "st_relate",
    "st_startpoint",
    "st_symdifference",
    "st_touches",
    "st_union",
    "st_xmax",
    "st_xmin",
    "st_ymax",
    "st_ymin",
    "to_geometry",
    "geometry_union",
    "geometry_union_agg",
    "geometry_nearest_points",
    "geometry_invalid_reason",
    "geometry_to_bing_tiles",
    "convex_hull_agg",
    "simplify_geometry",
    "line_interpolate_point",
    "line_interpolate_points",
    "line_locate_point",
    "bing_tile_coordinates",
    "bing_tile_polygon",
    "bing_tile_quadkey",
    "bing_tile_zoom_level",
    "bing_tiles_around",
    "to_base32",
    "from_base32",
    "to_char",
    "to_timestamp",
    "to_date",
    "parse_data_size",
    "cosine_distance",
    "spooky_hash_v2_32",
    "t_pdf",
    "t_cdf",
    "f_cdf",
    "cauchy_cdf",
    "chi_squared_cdf",
    "gamma_cdf",
    "laplace_cdf",
    "logistic_cdf",
    "poisson_cdf",
    "weibull_cdf",
    "binomial_cdf",
    "inverse_cauchy_cdf",
    "inverse_chi_squared_cdf",
    "inverse_gamma_cdf",
    "inverse_f_cdf",
    "inverse_laplace_cdf",
    "inverse_logistic_cdf",
    "inverse_poisson_cdf",
    "inverse_weibull_cdf",
    "inverse_binomial_cdf",
    "is_subnet_of",
    "ip_subnet_range",
    "features",
    "regress",
    "evaluate_classifier_predictions",
    "learn_libsvm_classifier",
    "learn_libsvm_regressor",
    "timezone_hour",
    "timezone_minute",
    "exclude_columns",
];

/// Whether an expression is TRY(...).
pub(super) fn is_try(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(f) if name(f).as_deref() == Some("try"))
}

fn name(function: &Function) -> Option<String> {
    match &function.name.0[..] {
        [ObjectNamePart::Identifier(ident)] => Some(ident.value.to_lowercase()),
        _ => None,
    }
}

fn arguments(function: &mut Function) -> Vec<Expr> {
    let FunctionArguments::List(list) = &mut function.args else { return Vec::new() };
    let expression = |argument: FunctionArg| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => Some(e),
        _ => None,
    };
    std::mem::take(&mut list.args).into_iter().filter_map(expression).collect()
}

pub(super) fn rewrite(rewriter: &mut Rewriter<'_>, expr: &mut Expr) -> Result<(), String> {
    let Expr::Function(function) = expr else { return Ok(()) };
    let place = function.name.span();
    let Some(name) = name(function) else {
        return Err(format!("FUNCTION_NOT_FOUND: line {}: Function '{}' not registered", at(place), function.name));
    };
    if let Some(made) = special(rewriter, &name, function)? {
        *expr = made;
        return Ok(());
    }
    let named = RENAMED.iter().find(|(from, _)| *from == name).map_or(name.as_str(), |(_, to)| to);
    let count = if let FunctionArguments::List(list) = &function.args { list.args.len() } else { 0 };
    let lambda = matches!(&function.args, FunctionArguments::List(list) if list.args.iter().any(|a| matches!(a, FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Lambda(_))))));
    let to = if name.contains('$') {
        return Ok(());
    } else if lambda {
        if !trino::lambdas::NAMES.contains(&name.as_str()) {
            if UNBUILT.contains(&name.as_str()) {
                return Err(unbuilt(&format!("the function {name}"), place));
            }
            if trino::functions::ALL.contains_key(&name) {
                return Err(unbuilt(&format!("the function {name} with a lambda"), place));
            }
            return Err(format!("FUNCTION_NOT_FOUND: line {}: Function '{name}' not registered", at(place)));
        }
        format!("lambda${name}")
    } else if matches!((name.as_str(), count), ("max" | "min", 2) | ("max_by" | "min_by", 3)) {
        format!("{name}_n")
    } else if trino::aggregates::NAMES.contains(&named) || NATIVE.contains(&named) {
        bare_arguments(function);
        named.to_owned()
    } else if trino::functions::ALL.contains_key(named) {
        if function.over.is_some() || function.filter.is_some() {
            return Err(format!("FUNCTION_NOT_WINDOW: line {}: Not a window function: {name}", at(place)));
        }
        rewriter.name(named)
    } else if UNBUILT.contains(&name.as_str()) {
        return Err(unbuilt(&format!("the function {name}"), place));
    } else {
        return Err(format!("FUNCTION_NOT_FOUND: line {}: Function '{name}' not registered", at(place)));
    };
    let mut ident = Ident::with_quote('"', &to);
    ident.span = place;
    function.name = ObjectName::from(vec![ident]);
    if matches!(to.as_str(), "sum" | "avg") {
        // Decimals have other precisions here than the engine gives: told by the result's type, brought to Trino's.
        let aggregated = super::rewrite::take(expr);
        *expr = call(format!("${to}"), vec![aggregated]);
    }
    Ok(())
}

/// The engine's own functions want bare numbers: `lag(x, 1)`, `ntile(4)`. Where a number is a value as others it has its type.
fn bare_arguments(function: &mut Function) {
    if matches!(name(function).as_deref(), Some("coalesce" | "nullif")) {
        return;
    }
    let FunctionArguments::List(list) = &mut function.args else { return };
    for argument in list.args.iter_mut().skip(1) {
        if let FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) = argument {
            bare(e);
        }
    }
    let only = list.args.len() == 1 && function.name.to_string().to_lowercase().contains("ntile");
    if let (true, Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(e)))) = (only, list.args.first_mut()) {
        bare(e);
    }
}

/// What looks like a call and is none.
fn special(rewriter: &mut Rewriter<'_>, name: &str, function: &mut Function) -> Result<Option<Expr>, String> {
    let setting = rewriter.setting;
    Ok(Some(match name {
        "try" => {
            rewriter.tries -= 1;
            let mut inner = arguments(function);
            if inner.len() != 1 {
                return Err(format!("FUNCTION_NOT_FOUND: line {}: TRY takes one argument", at(function.name.span())));
            }
            inner.remove(0)
        }
        "if" => {
            let mut all = arguments(function).into_iter();
            let (Some(condition), Some(result)) = (all.next(), all.next()) else { return Ok(None) };
            case(condition, result, all.next())
        }
        "row" => call("$row", arguments(function)),
        "array" => return Ok(None),
        "count_if" => {
            let treatment = if let FunctionArguments::List(list) = &function.args { list.duplicate_treatment } else { None };
            let condition = arguments(function).into_iter().next().unwrap_or_else(|| integer("1"));
            let mut counted = call("count", vec![case(condition, integer("1"), None)]);
            if let Expr::Function(f) = &mut counted {
                if let FunctionArguments::List(list) = &mut f.args {
                    list.duplicate_treatment = treatment;
                }
                f.filter = function.filter.take();
                f.over = function.over.take();
            }
            counted
        }
        "now" | "current_timestamp" => call("$timestamp", vec![text(&setting.now)]),
        "localtimestamp" => call("$timestamp", vec![text(setting.now.trim_end_matches(" UTC"))]),
        "current_date" => call("$cast", vec![text(&setting.now[..10]), text("date")]),
        "current_time" | "localtime" => call("$cast", vec![text(&setting.now[11..23]), text("time")]),
        "current_timezone" => text("UTC"),
        "current_user" | "session_user" | "user" => text(&setting.user),
        "current_catalog" => text("awsdatacatalog"),
        "current_schema" => text(&setting.database),
        "normalize" => {
            // The form stands as a word: NFD.
            let mut all = arguments(function);
            if let Some(Expr::Identifier(form)) = all.get(1) {
                all[1] = text(&form.value.to_uppercase());
            }
            call(rewriter.name("normalize"), all)
        }
        "position" => {
            let mut all = arguments(function);
            all.reverse();
            call("strpos", all)
        }
        "approx_distinct" => {
            let mut all = arguments(function);
            all.truncate(1);
            let mut made = call("approx_distinct", all);
            if let Expr::Function(f) = &mut made {
                f.filter = function.filter.take();
                f.over = function.over.take();
            }
            made
        }
        "listagg" if function.over.is_some() => {
            return Err(format!("FUNCTION_NOT_WINDOW: line {}: Not a window function: listagg", at(function.name.span())));
        }
        "listagg" => {
            let treatment = if let FunctionArguments::List(list) = &function.args { list.duplicate_treatment } else { None };
            let mut all = arguments(function).into_iter();
            let (value, between) = (all.next().unwrap_or_else(|| text("")), all.next().unwrap_or_else(|| text("")));
            let mut listed = call("array_agg", vec![value]);
            if let Expr::Function(f) = &mut listed
                && let FunctionArguments::List(list) = &mut f.args
            {
                f.filter = function.filter.take();
                list.duplicate_treatment = treatment;
                if !function.within_group.is_empty() {
                    list.clauses.push(FunctionArgumentClause::OrderBy(std::mem::take(&mut function.within_group)));
                }
            }
            call("array_join", vec![listed, between])
        }
        _ => return Ok(None),
    }))
}

fn case(condition: Expr, result: Expr, otherwise: Option<Expr>) -> Expr {
    Expr::Case {
        case_token: helpers::attached_token::AttachedToken::empty(),
        end_token: helpers::attached_token::AttachedToken::empty(),
        operand: None,
        conditions: vec![CaseWhen { condition, result }],
        else_result: otherwise.map(Box::new),
    }
}
