use super::*;

fn layout(n: u32, groups: &[&[Alias]]) -> Layout {
    let members: Vec<Alias> = (1..=n).collect();
    let groups: Vec<Vec<Alias>> = groups.iter().map(|group| group.to_vec()).collect();
    Layout::new((1000.0, 320.0), &members, &groups, None)
}

/// Every link between two groups is cut, and no other one.
fn check_cut(n: u32, groups: &[&[Alias]]) {
    let layout = layout(n, groups);
    let group = |alias| groups.iter().position(|group| group.contains(&alias));
    for a in 1..=n {
        for b in a + 1..=n {
            let stubs = layout.link(a, b);
            let apart = group(a) != group(b);
            assert_eq!(stubs.len(), 1 + usize::from(apart), "n{a} n{b} of {groups:?}");
            assert!(
                stubs.iter().all(|stub| stub.bar.is_some() == apart),
                "n{a} n{b} of {groups:?}"
            );
        }
    }
}

#[test]
fn a_cut_parts_exactly_its_groups() {
    check_cut(3, &[&[1], &[2, 3]]);
    check_cut(3, &[&[1], &[2], &[3]]);
    check_cut(5, &[&[1], &[2, 3, 4, 5]]);
    check_cut(5, &[&[1, 2], &[3, 4, 5]]);
    check_cut(7, &[&[1, 2, 7], &[3, 4, 5, 6]]);
    check_cut(2, &[&[1], &[2]]);
}

#[test]
fn groups_that_are_not_neighbours_change_places() {
    check_cut(5, &[&[1, 3], &[2, 4, 5]]);
    check_cut(7, &[&[1, 3, 5], &[2, 4, 6, 7]]);
    let whole = layout(5, &[]);
    let neighbours = layout(5, &[&[1, 5], &[2, 3, 4]]);
    for alias in 1..=5 {
        let (a, b) = (whole.spot(alias).unwrap().at, neighbours.spot(alias).unwrap().at);
        assert!(a.minus(b).length() < 10.0, "n{alias} moved though its group stood together");
    }
}

#[test]
fn a_drawn_line_is_kept_while_it_parts_the_groups() {
    let members = [1, 2, 3, 4, 5];
    let groups = vec![vec![1], vec![2, 3, 4, 5]];
    let drawn = (Point::new(350.0, 0.0), Point::new(280.0, 320.0));
    let kept = Layout::new((1000.0, 320.0), &members, &groups, Some(drawn));
    assert!(side(kept.cuts[0], drawn.0).abs() < 1e-3 && side(kept.cuts[0], drawn.1).abs() < 1e-3);
    let elsewhere = (Point::new(600.0, 0.0), Point::new(600.0, 320.0));
    let other = Layout::new((1000.0, 320.0), &members, &groups, Some(elsewhere));
    assert!(side(other.cuts[0], elsewhere.0).abs() > 1.0);
}

#[test]
fn a_line_beside_all_members_cuts_nothing() {
    let layout = layout(5, &[]);
    assert_eq!(layout.sides((Point::new(5.0, 0.0), Point::new(5.0, 320.0))), None);
    let (a, b) = layout.sides((Point::new(330.0, 0.0), Point::new(330.0, 320.0))).unwrap();
    assert_eq!(a.len() + b.len(), 5);
}

#[test]
fn members_stay_on_the_sheet_at_every_size() {
    for (width, height) in [(360.0, 288.0), (600.0, 240.0), (1008.0, 300.0), (1900.0, 700.0)] {
        for n in 1..=9 {
            let members: Vec<Alias> = (1..=n).collect();
            let layout = Layout::new((width, height), &members, &[], None);
            for alias in members {
                let at = layout.spot(alias).unwrap().at;
                assert!(
                    (MEMBER_R..width - MEMBER_R).contains(&at.x),
                    "{width}x{height} n{alias} of {n}: {at:?}"
                );
                assert!(
                    (MEMBER_R..height - MEMBER_R).contains(&at.y),
                    "{width}x{height} n{alias} of {n}: {at:?}"
                );
            }
        }
    }
}

#[test]
fn a_message_moves_evenly_and_not_past_its_ends() {
    assert_eq!(progress(1_000, 3_000, 500.0), 0.0);
    assert_eq!(progress(1_000, 3_000, 1_500.0), 0.25);
    assert_eq!(progress(1_000, 3_000, 9_000.0), 1.0);
    assert_eq!(progress(1_000, 1_000, 1_001.0), 1.0);
}

#[test]
fn members_do_not_touch() {
    for (width, height) in [(360.0, 316.0), (1008.0, 220.0), (1008.0, 300.0)] {
        for n in 2..=9 {
            let members: Vec<Alias> = (1..=n).collect();
            let layout = Layout::new((width, height), &members, &[], None);
            let spot = |alias| layout.spot(alias).unwrap().at;
            let pairs = (1..=n).flat_map(|a| (a + 1..=n).map(move |b| (a, b)));
            let nearest =
                pairs.map(|(a, b)| spot(a).minus(spot(b)).length()).fold(f64::MAX, f64::min);
            assert!(nearest > 2.0 * MEMBER_R, "{width}x{height}, {n} members: {nearest}");
        }
    }
}

#[test]
fn one_member_alone_stands_in_the_middle() {
    assert_eq!(layout(1, &[]).spot(1).unwrap().at, Point::new(500.0, 160.0));
}
