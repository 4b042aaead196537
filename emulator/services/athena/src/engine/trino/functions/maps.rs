//! Maps.

use super::{
    super::{cast, ty::Ty, val::Val},
    Plain, Typed, bad,
};

fn get<'a>(map: &'a Val, key: &Val) -> Option<&'a Val> {
    map.entries().iter().find(|(k, _)| k.same(key)).map(|(_, v)| v)
}
fn shown(key: &Val) -> String {
    match key {
        Val::Str(s) => s.clone(),
        Val::Int(n) => n.to_string(),
        other => cast::text(other, &Ty::Unknown).unwrap_or_default(),
    }
}
fn made(pairs: impl Iterator<Item = (Val, Val)>) -> Result<Val, String> {
    let mut map: Vec<(Val, Val)> = Vec::new();
    for (key, value) in pairs {
        if key.is_null() {
            return Err(bad("map key cannot be null"));
        }
        if map.iter().any(|(k, _)| k.same(&key)) {
            return Err(bad(format!("Duplicate map keys ({}) are not allowed", shown(&key))));
        }
        map.push((key, value));
    }
    Ok(Val::Map(map))
}

pub(super) const PLAIN: Plain = &[
    ("map(array(K),array(V))->map(K,V)", |_, a| {
        if a[0].arr().len() != a[1].arr().len() {
            return Err(bad("Key and value arrays must be the same length"));
        }
        made(a[0].arr().iter().cloned().zip(a[1].arr().iter().cloned()))
    }),
    ("map()->map(unknown,unknown)", |_, _| Ok(Val::Map(Vec::new()))),
    ("cardinality(map(K,V))->bigint", |_, a| Ok(Val::Int(a[0].entries().len() as i64))),
    ("element_at(map(K,V),K)->V", |_, a| Ok(get(&a[0], &a[1]).cloned().unwrap_or(Val::Null))),
    ("$subscript(map(K,V),K)->V", |_, a| {
        get(&a[0], &a[1]).cloned().ok_or_else(|| bad(format!("Key not present in map: {}", shown(&a[1]))))
    }),
    ("map_keys(map(K,V))->array(K)", |_, a| Ok(Val::Arr(a[0].entries().iter().map(|(k, _)| k.clone()).collect()))),
    ("map_values(map(K,V))->array(V)", |_, a| Ok(Val::Arr(a[0].entries().iter().map(|(_, v)| v.clone()).collect()))),
    ("map_concat(map(K,V),map(K,V)...)->map(K,V)", |_, a| {
        let mut out: Vec<(Val, Val)> = Vec::new();
        for (key, value) in a.iter().flat_map(|m| m.entries()) {
            match out.iter_mut().find(|(k, _)| k.same(key)) {
                Some((_, old)) => *old = value.clone(),
                None => out.push((key.clone(), value.clone())),
            }
        }
        Ok(Val::Map(out))
    }),
    ("map_from_entries(array(row(K,V)))->map(K,V)", |_, a| made(a[0].arr().iter().map(|r| (r.arr()[0].clone(), r.arr()[1].clone())))),
    ("multimap_from_entries(array(row(K,V)))->map(K,array(V))", |_, a| {
        let mut out: Vec<(Val, Val)> = Vec::new();
        for row in a[0].arr() {
            let (key, value) = (&row.arr()[0], &row.arr()[1]);
            match out.iter_mut().find(|(k, _)| k.same(key)) {
                Some((_, Val::Arr(all))) => all.push(value.clone()),
                _ => out.push((key.clone(), Val::Arr(vec![value.clone()]))),
            }
        }
        Ok(Val::Map(out))
    }),
];

fn entries(args: &[Ty], _: &[Option<Val>]) -> Result<Ty, String> {
    Ok(match &args[0] {
        Ty::Map(k, v) => Ty::array(Ty::Row(vec![(None, (**k).clone()), (None, (**v).clone())])),
        _ => Ty::Unknown,
    })
}

pub(super) const TYPED: Typed = &[("map_entries(map(K,V))->unknown", entries, |_, a| {
    Ok(Val::Arr(a[0].entries().iter().map(|(k, v)| Val::Row(vec![k.clone(), v.clone()])).collect()))
})];
