//! Everything the page knows, in one place.
//!
//! ```text
//!   people · worker · clock ──Msg──► State::update ──Effect──► worker · address · clipboard
//!                                        │
//!                                        └──► panels: fn(part of the state) -> Html
//! ```
//!
//! The state is plain data: it can be built, changed and looked at without a browser, and the
//! tests do so. [`update`](crate::update) changes it, [`flow`](crate::flow) lets time pass,
//! [`app`](crate::app) carries the effects out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use glasshouse_sim::view::call::{Call, Candidate, Identity, Reply, Stop};
use glasshouse_sim::view::frame::{Alias, Asks, Entry, Event, Frame, Sentence};

use crate::compare::{self, Fates};
use crate::flow::{CHUNK_START_US, Pace};
use crate::geometry::{Layout, Line, Point};
use crate::history::{self, Seen};
use crate::hunt::{self, Hunts};
use crate::lesson::{self, Lessons};
use crate::link::Run;
use crate::spacetime::{self, Spacetime};
use crate::teach::{self, Desk};
use crate::timeline::{self, Image, Timeline};

/// What happens to the page.
#[derive(Debug)]
pub(crate) enum Msg {
    /// The simulation's module is on its way: bytes here, bytes in all (0 if unknown).
    Loading(u64, u64),
    /// The simulation can be asked.
    SimReady,
    /// The simulation cannot be asked, now or any more.
    SimFailed(String),
    /// An answer of the simulation.
    Reply(Ask, Box<Reply>, When),
    /// The browser draws a picture: its time in milliseconds.
    Tick(f64),
    /// The drawing has a new size in CSS pixels.
    Resize(f64, f64),
    /// The part of the address after `#`, at the start and whenever it changes.
    Open(String),
    /// Begins a fresh run.
    Begin(u64, u32),
    /// A line for the terminal, from wherever it comes.
    Exec(String, Origin),
    /// A letter was pressed with the focus outside of fields, or a button that does the same.
    Do(Deed),
    /// The command line changed.
    Draft(String),
    /// A line goes into the terminal, to be done or changed there.
    Put(String),
    /// Enter, Up, Down, Tab in the command line.
    Submit,
    /// An older (+1) or newer (-1) line of the history.
    Recall(i32),
    /// Complete the word at this place, in bytes of UTF-8.
    Complete(usize),
    /// The member with the inspector, or none.
    Select(Option<Alias>),
    /// A click or Enter on a member: select it, or open its menu when it is selected.
    Press(Alias, Point),
    /// A finger or the mouse draws a line through the sheet: first point, this point.
    CutDraw(Line),
    /// The line is finished.
    CutEnd,
    /// The speed of play.
    Speed(usize),
    /// What one step is.
    Unit(Unit),
    /// The tab of a small screen.
    Tab(Tab),
    /// Shows also single messages and disk writes in the feed.
    MessagesToo(bool),
    /// What is typed into the palette.
    PaletteQuery(String),
    /// The next (+1) or the previous (-1) offer of the palette.
    PaletteMove(i32),
    /// Does the chosen offer, or the one at this place.
    PaletteDo(Option<usize>),
    /// Puts the chosen offer into the terminal.
    PaletteType,
    /// Another token is tried for a member, in the inspector.
    Token(Alias, String),
    /// A setting of this browser.
    Set(Setting),
    /// The chosen language could not be loaded: English goes on.
    LanguageMissing,
    /// Something about the space-time view.
    Space(spacetime::Msg),
    /// Something about the history.
    History(history::Msg),
    /// To a moment of the present branch, in virtual microseconds.
    Seek(u64),
    /// Another way through time.
    Travel(timeline::Msg),
    /// Something about two branches side by side.
    Compare(compare::Msg),
    /// Something about lessons.
    Lesson(lesson::Msg),
    /// Something on the teacher's desk.
    Teach(teach::Msg),
    /// What was reached in lessons leaves this browser, or comes here.
    Progress(lesson::Carry),
    /// Something about hunts.
    Hunt(hunt::Msg),
}

/// How an answer came.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct When {
    /// What the simulation took for it, in milliseconds.
    pub(crate) spent_ms: f64,
    /// What all images of the simulation use, in bytes, if the question was about them; else 0.
    pub(crate) image_bytes: u64,
}

/// What a key or a button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Toggle,
    Step,
    StepBy(Unit),
    StepBack,
    NextMark,
    MarkBefore,
    NextBranch,
    BranchBefore,
    Slower,
    Faster,
    Kill,
    Restart,
    Stop,
    PowerOff,
    Freeze,
    Isolate,
    SlowDisk,
    Campaign,
    Heal,
    KillLeader,
    CutMode,
    CutNow,
    Terminal,
    Palette,
    Legend,
    Keys,
    RunMenu,
    /// Big type and the keys of a remote, or no more.
    Present,
    /// The screen goes dark, so that people look at who speaks.
    Blank,
    Close,
    CopyLink,
    HideViolation,
    /// The first half of "n, then a digit".
    NextMember,
    Member(Alias),
}

/// Who typed a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A click, a key, a drawn line.
    Bench,
    /// The command line.
    Terminal,
    /// `window.glasshouse.exec`, with the number under which its promise waits.
    Api(u64),
}

/// What the simulation was asked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ask {
    Boot,
    Run,
    /// A picture; `show` puts it on the screen at once, else it waits for the clock.
    Frame {
        show: bool,
    },
    /// The same at the end of a way through time: nothing of the picture before it counts.
    Arrival,
    Exec(String, Origin),
    Actions,
    Spacetime,
    Complete(String),
    /// Who this member would be with this token.
    Identify(Alias, String),
    History,
    /// Something about images of the simulation.
    Image,
    /// The simulation goes on with another rest of the run.
    Resume,
    /// When something of the kind happened last.
    Last,
    Compare,
    /// Whether this is the file of a lesson; a promise of the page API may wait.
    LessonFile(String, Option<u64>),
    Lesson,
    Judged,
    Submission,
    /// What is wrong with this text of a lesson, or what it shows.
    Revise(String),
    Offers,
    SetUp,
    Seats,
}

/// What the page wants done outside of itself.
#[derive(Debug, PartialEq)]
pub(crate) enum Effect {
    /// Ask the simulation.
    Ask(Ask, Call),
    /// Do something with an image of the simulation.
    Image(Image),
    /// Keep a promise of the page API.
    Answer(u64, Result<String, String>),
    /// Show this after the `#` of the address.
    Address(String),
    /// Put the address of the page on the clipboard.
    CopyAddress,
    /// Move the focus to the element with this id.
    Focus(String),
    /// Keep a setting in this browser.
    Remember(&'static str, String),
    /// Select this line, from 1, in the text field with this id.
    ShowLine(String, usize),
    /// Scroll to the element with this id.
    Reveal(String),
    /// Give a text away as a file of this name.
    Save(String, String),
    /// Give the space-time drawing away as a file of this name.
    SaveDrawing(String),
    /// Speak the language of this tag.
    Language(String),
    /// Set an attribute of the root element, or remove it.
    Root(&'static str, Option<&'static str>),
    /// Name the page so.
    Title(&'static str),
    /// Fetch a file that lies beside the page.
    Fetch(lesson::Beside),
    /// Go to this part of the address after the `#`, as a link would.
    Go(String),
    /// Put the address with this after the `#` on the clipboard.
    CopyLink(String),
    /// Ask one of the workers that hunt, under a number.
    Hunter(usize, u32, Call),
    /// End one of them.
    Dismiss(usize),
}

/// What the page shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum View {
    #[default]
    Bench,
    Spacetime,
    Compare,
    History,
    Lessons,
    /// The teacher's desk.
    Teach,
    Hunts,
}

impl View {
    /// Whether the run goes on while it is shown.
    pub(crate) fn has_time(self) -> bool {
        self != Self::Hunts
    }

    /// Whether the bench is seen, alone or beside a lesson.
    pub(crate) fn has_bench(self) -> bool {
        matches!(self, Self::Bench | Self::Lessons | Self::Teach)
    }
}

/// How far the page has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Phase {
    /// The simulation's bytes are on their way: so many of so many.
    #[default]
    Loading,
    /// The cluster starts, or a link's run is repeated.
    Building,
    /// The bench.
    Ready,
    /// Nothing goes on: one sentence says why.
    Broken(String),
}

/// What one step is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Unit {
    #[default]
    Event,
    Message,
    Disk,
    Commit,
    Slice,
}

impl Unit {
    pub(crate) const ALL: [Self; 5] =
        [Self::Event, Self::Message, Self::Disk, Self::Commit, Self::Slice];

    /// Where the simulation shall stop.
    pub(crate) fn stop(self) -> Stop {
        match self {
            Self::Event => Stop::Event,
            Self::Message => Stop::Message,
            Self::Disk => Stop::Disk,
            Self::Commit => Stop::Commit,
            Self::Slice => Stop::Time,
        }
    }
}

/// Speeds of play: virtual seconds in one second. The last one is as fast as it goes.
pub(crate) const SPEEDS: [f64; 6] = [0.001, 0.01, 0.1, 1.0, 10.0, f64::INFINITY];
/// The speed of a first visit: a message takes a fifth of a second.
pub(crate) const FIRST_SPEED: usize = 1;

/// What stands under the drawing of a small screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tab {
    #[default]
    Log,
    Member,
    Terminal,
    Events,
}

/// What floats over the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Overlay {
    Palette,
    Legend,
    Keys,
    Run,
    /// The menu of a member, where it was opened.
    Member(Alias, Point),
}

/// Settings of this browser. They change nothing in the run, so they are not in the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    Theme(Option<Theme>),
    ColourByKind(bool),
    Letters(bool),
    /// One of [`State::languages`], by its place there.
    Language(usize),
}

/// A theme that was chosen; without a choice the page follows the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    Light,
    Dark,
}

impl Theme {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// What stands in the palette.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Palette {
    pub(crate) query: String,
    /// Which offer is chosen, from 0.
    pub(crate) chosen: usize,
}

/// The cut that is being made.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cutting {
    /// The members on the far side.
    pub(crate) side: BTreeSet<Alias>,
    /// The line under the finger.
    pub(crate) line: Option<Line>,
    /// Members are chosen one by one; without this a line is being drawn.
    pub(crate) choosing: bool,
}

/// A token that is tried in the inspector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trial {
    /// For this member; 0 is none.
    pub(crate) member: Alias,
    pub(crate) token: String,
    /// The ids that it makes, or why there are none; nothing as long as the simulation has not answered.
    pub(crate) told: Option<Result<Identity, String>>,
}

/// The terminal: what was typed and printed, and the line that is being typed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terminal {
    /// All lines of this run by their number.
    pub(crate) entries: Rc<BTreeMap<u64, Entry>>,
    /// The command line.
    pub(crate) draft: String,
    /// Lines that were typed here, oldest first.
    pub(crate) history: Vec<String>,
    /// How many lines back the history stands; 0 is the draft.
    pub(crate) back: usize,
    /// What could follow, after Tab.
    pub(crate) candidates: Vec<Candidate>,
    /// A command waits for the next line.
    pub(crate) asks: Option<Asks>,
}

/// How virtual time follows real time.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    /// The person wants time to flow.
    pub(crate) playing: bool,
    /// Index into [`SPEEDS`].
    pub(crate) speed: usize,
    /// The moment that is drawn, in virtual microseconds.
    pub(crate) clock_us: f64,
    /// Where the simulation stands.
    pub(crate) sim_us: u64,
    /// That is behind what a link holds, and it was said.
    pub(crate) is_long: bool,
    /// Pictures of moments that the clock has not reached, oldest first.
    pub(crate) ahead: VecDeque<Rc<Frame>>,
    /// A step is under way: so many runs were made for it.
    pub(crate) stepping: Option<u32>,
    /// Terminal entries that the world runs to their end as fast as it can, and whose promise
    /// waits for that.
    pub(crate) hurry: BTreeMap<u64, Option<u64>>,
    /// Run to this moment first.
    pub(crate) until_us: Option<u64>,
    /// Run until somebody leads.
    pub(crate) until_leader: bool,
    /// What the simulation was asked and has not answered yet, oldest first: it answers in order.
    pub(crate) unanswered: VecDeque<Ask>,
    /// Virtual microseconds in one question when time is as fast as it can be.
    pub(crate) chunk_us: u64,
    /// When time was asked for last, in the browser's milliseconds.
    pub(crate) asked_ms: f64,
    /// The browser's time at the last tick, in milliseconds.
    pub(crate) tick_ms: f64,
    /// When a picture was asked for at full speed, in the browser's milliseconds.
    pub(crate) flash_ms: f64,
    /// When the calm picture was taken, in the browser's milliseconds.
    pub(crate) calm_ms: f64,
    /// When the sentence was said last, in the browser's milliseconds.
    pub(crate) said_ms: f64,
    /// When play wrote the address last, in the browser's milliseconds.
    pub(crate) address_ms: f64,
}

/// The state of the page.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) view: View,
    /// The address of the bench, as it was shown last.
    pub(crate) address: String,
    pub(crate) space: Spacetime,
    pub(crate) hunts: Hunts,
    pub(crate) lessons: Lessons,
    /// The lesson that is being written here.
    pub(crate) teach: Desk,
    /// The address of the page, without what stands behind the `#`.
    pub(crate) home: String,
    /// What is known of two branches.
    pub(crate) fates: Fates,
    /// What is known of the history.
    pub(crate) seen: Seen,
    pub(crate) phase: Phase,
    /// Bytes of the simulation that are here, and all; 0 when unknown.
    pub(crate) loaded: (u64, u64),
    /// The simulation can be asked.
    pub(crate) sim_ready: bool,
    /// What was asked for in the address; taken when the simulation is ready.
    pub(crate) run: Run,
    /// Name of this build; empty when it has none.
    pub(crate) build: String,
    /// Something about the page itself, in one sentence.
    pub(crate) notice: Option<String>,
    /// Lines that came before the bench stood, or on the way through time.
    pub(crate) early: Vec<(String, Origin)>,
    /// When the notice came, in the browser's milliseconds.
    pub(crate) notice_ms: f64,
    /// The sentence for a screen reader: the one on the screen, at most once a second.
    pub(crate) said: Sentence,
    /// The picture for the drawing.
    pub(crate) frame: Rc<Frame>,
    /// The picture for tables and words: at most ten a second, because nobody reads faster.
    pub(crate) calm: Rc<Frame>,
    pub(crate) flow: Flow,
    /// The branches of the run, and the way to any moment of them.
    pub(crate) timeline: Timeline,
    pub(crate) unit: Unit,
    pub(crate) terminal: Terminal,
    pub(crate) events: Rc<Vec<Event>>,
    pub(crate) messages_too: bool,
    pub(crate) selected: Option<Alias>,
    pub(crate) trial: Trial,
    pub(crate) layout: Rc<Layout>,
    pub(crate) size: (f64, f64),
    pub(crate) cutting: Option<Cutting>,
    /// The line of the last cut that was drawn here.
    pub(crate) drawn: Option<Line>,
    pub(crate) overlay: Option<Overlay>,
    pub(crate) palette: Palette,
    pub(crate) tab: Tab,
    /// First visit: three things to try stand where the inspector will be.
    pub(crate) first: bool,
    /// The banner of this violation was closed: its time.
    pub(crate) hidden_us: Option<u64>,
    /// The next digit names a member.
    pub(crate) awaiting_member: bool,
    pub(crate) theme: Option<Theme>,
    /// What the page can be read in; the first is English.
    pub(crate) languages: Vec<Language>,
    /// The chosen one, by its place. Texts here stay English: see `web/js/language.js`.
    pub(crate) language: usize,
    /// Says a text in it.
    pub(crate) say: Option<fn(&str) -> String>,
    pub(crate) colour_by_kind: bool,
    /// Letters act as keys (WCAG 2.1.4 asks for a switch).
    pub(crate) letters: bool,
    pub(crate) reduced_motion: bool,
    /// Shown to a room: big type, one sentence, the keys of a remote.
    pub(crate) presenting: bool,
    /// While presenting: the screen is dark.
    pub(crate) blank: bool,
}

/// What this browser remembers and prefers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Browser {
    pub(crate) build: String,
    pub(crate) seen: bool,
    pub(crate) theme: Option<Theme>,
    /// Languages beside English that this build has, and the tag of the one that is spoken.
    pub(crate) languages: Vec<Language>,
    pub(crate) language: String,
    /// Says an English text in it, for who searches in what is seen.
    pub(crate) say: Option<fn(&str) -> String>,
    pub(crate) colour_by_kind: bool,
    pub(crate) no_letters: bool,
    pub(crate) reduced_motion: bool,
    /// Cores of this machine.
    pub(crate) cores: usize,
    /// What was found in hunts, as it was kept.
    pub(crate) hunts: String,
    /// What was reached in lessons, as it was kept.
    pub(crate) lessons: String,
    /// The lesson that is being written, as it was kept.
    pub(crate) draft: String,
    /// The address of the page, without what stands behind the `#`.
    pub(crate) home: String,
}

/// A language of the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Language {
    /// Its tag, as in `lang="ru"`.
    pub(crate) tag: String,
    /// How it calls itself.
    pub(crate) name: String,
}

impl Language {
    /// Reads the list that the build writes into `index.html`: `ru Русский, de Deutsch`.
    pub(crate) fn list(text: &str) -> Vec<Self> {
        let one = |(tag, name): (&str, &str)| Self { tag: tag.to_owned(), name: name.to_owned() };
        text.split(", ").filter_map(|part| part.split_once(' ')).map(one).collect()
    }
}

impl State {
    /// The page before anything is loaded.
    pub(crate) fn new(browser: Browser) -> Self {
        let english = Language { tag: "en".to_owned(), name: "English".to_owned() };
        let languages: Vec<Language> = [english].into_iter().chain(browser.languages).collect();
        let spoken = languages.iter().position(|language| language.tag == browser.language);
        Self {
            view: View::Bench,
            address: String::new(),
            space: Spacetime::default(),
            hunts: Hunts::new(browser.cores, &browser.hunts),
            lessons: Lessons::new(&browser.lessons),
            teach: Desk::new(&browser.draft),
            home: browser.home,
            fates: Fates::default(),
            seen: Seen::default(),
            phase: Phase::Loading,
            loaded: (0, 0),
            sim_ready: false,
            run: Run::default(),
            build: browser.build,
            notice: None,
            notice_ms: 0.0,
            said: Sentence::default(),
            early: Vec::new(),
            frame: Rc::default(),
            calm: Rc::default(),
            flow: Flow { speed: FIRST_SPEED, chunk_us: CHUNK_START_US, ..Flow::default() },
            timeline: Timeline::default(),
            unit: Unit::Event,
            terminal: Terminal::default(),
            events: Rc::default(),
            messages_too: false,
            selected: None,
            trial: Trial::default(),
            layout: Rc::default(),
            size: (0.0, 0.0),
            cutting: None,
            drawn: None,
            overlay: None,
            palette: Palette::default(),
            tab: if browser.seen { Tab::Log } else { Tab::Member },
            first: !browser.seen,
            hidden_us: None,
            awaiting_member: false,
            theme: browser.theme,
            languages,
            language: spoken.unwrap_or(0),
            say: browser.say,
            colour_by_kind: browser.colour_by_kind,
            letters: !browser.no_letters,
            reduced_motion: browser.reduced_motion,
            presenting: false,
            blank: false,
        }
    }

    /// The run so far, as a link would hold it: up to the newest picture, like all that the page
    /// tells of the run. The simulation may be further already, but nobody has seen that.
    pub(crate) fn so_far(&self) -> Run {
        Run {
            seed: self.run.seed,
            nodes: self.run.nodes,
            time_us: self.newest().time_us,
            actions: self.timeline.branch().actions.clone(),
        }
    }

    /// The newest picture, also one that the clock has not reached.
    pub(crate) fn newest(&self) -> &Rc<Frame> {
        self.flow.ahead.back().unwrap_or(&self.frame)
    }

    /// The bench is at rest: time stands and every question is answered, so that nothing changes
    /// until somebody does something.
    pub(crate) fn settled(&self) -> bool {
        let still = !self.flow.playing && self.pace() == Pace::Still;
        self.phase == Phase::Ready && still && self.flow.unanswered.is_empty()
    }

    /// Who leads: of several, the one with the highest term.
    pub(crate) fn leader(&self) -> Option<Alias> {
        leader(&self.frame)
    }
}

/// Who leads in a picture: of several leaders that run, the one with the highest term.
pub(crate) fn leader(frame: &Frame) -> Option<Alias> {
    use glasshouse_sim::view::frame::{Life, Role};
    let leads = |life| matches!(life, Life::Up | Life::Stopping);
    let leaders = frame.members.iter().filter(|m| m.role == Role::Leader && leads(m.life));
    leaders.max_by_key(|member| member.term).map(|member| member.alias)
}
