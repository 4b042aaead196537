//! Availability zones: three in each region, with ids that stand for the same building in every account.

use crate::{
    Ec2,
    faults::{dry, fault},
    filters::{Filters, Says},
    model::*,
    state::{Tags, ZONES},
};
use kit::{Context, Fault};

/// `use1-az1` of `us-east-1a`.
pub(crate) fn id_of(zone: &str) -> Option<String> {
    let letter = zone.chars().last()?;
    let n = ZONES.iter().position(|z| z.starts_with(letter))? + 1;
    let region = zone.get(..zone.len() - 1)?;
    let mut parts = region.split('-');
    let (continent, way, number) = (parts.next()?, parts.next()?, parts.next()?);
    // `east` is e, `northeast` is ne.
    let way: String = ["north", "south", "east", "west", "central"].into_iter().filter(|w| way.contains(w)).map(|w| &w[..1]).collect();
    Some(format!("{continent}{way}{number}-az{n}"))
}

/// The zone of an id in the region.
pub(crate) fn named(cx: &Context, id: &str) -> Option<String> {
    ZONES.iter().map(|letter| format!("{}{letter}", cx.region())).find(|zone| id_of(zone).as_deref() == Some(id))
}

/// What a zone, which goes by its name, says to filters.
const SAYS: Says<String> = &[
    (&["zone-name"], |_, zone| vec![zone.clone()]),
    (&["zone-id"], |_, zone| id_of(zone).into_iter().collect()),
    (&["region-name"], |cx, _| vec![cx.region().to_owned()]),
    (&["state"], |_, _| vec!["available".into()]),
    (&["zone-type"], |_, _| vec!["availability-zone".into()]),
    (&["opt-in-status"], |_, _| vec!["opt-in-not-required".into()]),
    (&["group-name"], |cx, _| vec![format!("{}-zg-1", cx.region())]),
];

impl Ec2 {
    /// Zones of the region.
    pub async fn describe_availability_zones(
        &self,
        cx: &Context,
        input: DescribeAvailabilityZonesInput,
    ) -> Result<DescribeAvailabilityZonesOutput, Fault> {
        dry(input.dry_run)?;
        let (names, ids) = (input.zone_names.unwrap_or_default(), input.zone_ids.unwrap_or_default());
        let all: Vec<String> = ZONES.iter().map(|letter| format!("{}{letter}", cx.region())).collect();
        if let Some(unknown) = names.iter().find(|name| !all.contains(name)) {
            return Err(fault("InvalidParameterValue", format!("Invalid availability zone: [{unknown}]")));
        }
        let known = |id: &String| all.iter().any(|zone| id_of(zone).as_ref() == Some(id));
        if let Some(unknown) = ids.iter().find(|id| !known(id)) {
            return Err(fault("InvalidParameterValue", format!("Invalid availability zone-id: [{unknown}]")));
        }
        let filters = Filters::of(input.filters, SAYS)?;
        let mut zones = Vec::new();
        for zone in all {
            let id = id_of(&zone).unwrap_or_default();
            let asked = (names.is_empty() || names.contains(&zone)) && (ids.is_empty() || ids.contains(&id));
            if asked && filters.pass(cx, &Tags::new(), &zone) {
                zones.push(AvailabilityZone {
                    opt_in_status: Some(AvailabilityZoneOptInStatus::OptInNotRequired),
                    messages: Some(Vec::new()),
                    region_name: Some(cx.region().to_owned()),
                    zone_id: Some(id),
                    group_name: Some(format!("{}-zg-1", cx.region())),
                    network_border_group: Some(cx.region().to_owned()),
                    zone_type: Some("availability-zone".into()),
                    state: Some(AvailabilityZoneState::Available),
                    zone_name: Some(zone),
                    ..Default::default()
                });
            }
        }
        Ok(DescribeAvailabilityZonesOutput { availability_zones: Some(zones) })
    }
}
