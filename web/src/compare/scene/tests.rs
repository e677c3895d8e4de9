use super::*;

fn stand(from_us: u64, term: u64, role: Role) -> Stand {
    Stand { from_us, term, role }
}

/// Two runs of three seconds that part at two.
fn parted() -> (Comparison, Lane) {
    let stands = vec![
        stand(0, 0, Role::Follower),
        stand(1_000_000, 1, Role::Candidate),
        stand(1_010_000, 1, Role::Leader),
        stand(2_500_000, 2, Role::Follower),
    ];
    let lane = Lane { alias: 1, stands };
    let fate = Fate { lanes: vec![lane.clone()], ..Fate::default() };
    let runs = vec![fate.clone(), fate];
    (Comparison { differs_us: Some(2_000_000), runs, ..Comparison::default() }, lane)
}

#[test]
fn most_of_the_drawing_is_what_differs() {
    let (comparison, lane) = parted();
    let scene = Scene::new(&comparison, [3_000_000, 2_900_000]);
    assert!(scene.shows(2_000_000) && scene.shows(3_000_000) && !scene.shows(1_500_000));
    let share = (scene.x(2_000_000) - TIME.0) / (TIME.1 - TIME.0);
    assert!((share - 1.0 / 6.0).abs() < 0.001, "{share}");
    let bands = scene.bands(&lane, 3_000_000);
    assert_eq!(bands.iter().map(|band| band.term).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((bands[0].from, bands[1].to), TIME);
    assert_eq!(scene.crowns(&lane).count(), 1, "it leads since before");
    assert_eq!(
        scene.ticks(),
        [1_800_000, 2_000_000, 2_200_000, 2_400_000, 2_600_000, 2_800_000, 3_000_000]
    );
    assert!(scene.top(1) > scene.bottom(0) && scene.height() > scene.bottom(1));
}

#[test]
fn runs_that_are_one_are_drawn_whole() {
    let (comparison, lane) = parted();
    let comparison = Comparison { differs_us: None, ..comparison };
    let scene = Scene::new(&comparison, [3_000_000, 3_000_000]);
    assert!(scene.shows(0) && scene.shows(3_000_000));
    assert_eq!(scene.bands(&lane, 3_000_000).len(), 3);
}

#[test]
fn the_longest_wait_is_told_where_it_has_room() {
    let (mut comparison, _) = parted();
    comparison.runs[0].commits_us = vec![1_100_000, 1_900_000, 2_100_000, 2_950_000];
    let scene = Scene::new(&comparison, [3_000_000, 3_000_000]);
    let wait = scene.longest_wait(&comparison.runs[0], 3_000_000);
    assert_eq!(wait.map(|(.., us)| us), Some(850_000));
    comparison.runs[0].commits_us = (19..30).map(|tenth| tenth * 100_000).collect();
    assert_eq!(scene.longest_wait(&comparison.runs[0], 3_000_000), None);
}

#[test]
fn a_run_without_time_is_drawn_too() {
    let scene = Scene::new(&Comparison::default(), [0, 0]);
    assert!(scene.x(0).is_finite() && scene.ticks().len() <= 9);
    let long = Scene::new(&Comparison::default(), [3_600_000_000, 0]);
    assert!((3..=9).contains(&long.ticks().len()), "{:?}", long.ticks());
}
