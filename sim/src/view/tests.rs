//! Frames, sentences and the feed, from small runs.

use super::call::{Call, Reply, Stop};
use super::frame::{Frame, FrameRequest, Level, Life, Role};
use super::serve::Served;

fn ask(served: &mut Served, call: &Call) -> Reply {
    let question = serde_json::to_vec(call).unwrap();
    let reply: Reply = serde_json::from_slice(&served.answer(&question)).unwrap();
    assert_eq!(reply.error, None, "{call:?}");
    reply
}

fn boot(seed: u64, nodes: u32) -> Served {
    let mut served = Served::default();
    ask(&mut served, &Call::Boot { seed, nodes, actions: Vec::new() });
    served
}

fn run(served: &mut Served, until_ms: u64) {
    let call = Call::Run { until_us: until_ms * 1000, stop: Stop::Time, slices_max: 0 };
    assert_eq!(ask(served, &call).stopped, None);
}

fn exec(served: &mut Served, line: &str) -> u64 {
    ask(served, &Call::Exec { line: line.to_string() }).id.unwrap()
}

fn frame(served: &mut Served, request: FrameRequest) -> Frame {
    *ask(served, &Call::Frame { request }).frame.unwrap()
}

#[test]
fn a_small_run_can_be_seen_and_told() {
    let mut served = boot(7, 3);
    run(&mut served, 3_000);
    let id = exec(&mut served, "put color red");
    run(&mut served, 3_500);
    let picture = frame(&mut served, FrameRequest { select: Some(1), ..FrameRequest::default() });
    println!("{}", serde_json::to_string_pretty(&picture).unwrap());
    let leaders = picture.members.iter().filter(|member| member.role == Role::Leader).count();
    assert_eq!(leaders, 1);
    let entry = picture.terminal.iter().find(|entry| entry.id == id).unwrap();
    assert_eq!((entry.output.as_str(), entry.done), ("OK\n", true));
}
