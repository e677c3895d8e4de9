//! Builds the page into `dist/`: a folder of static files that works at any address.
//!
//! ```text
//!   sim/  ── cargo, wasm32 ──────────────► glasshouse-sim.wasm     the cluster; no imports
//!   web/  ── cargo, wasm32 ─ bindgen ────► glasshouse-web{.js,_bg.wasm}   what is drawn
//!   index.html, web/style.css, web/js/* ─► copied
//!   labs/* ─────────────────────────────► labs/*.lesson, labs/index.json
//!   web/lang/*.txt, labs/*/*.txt ───────► lang/   languages, each loaded by those who want it
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use glasshouse_console::say;

use crate::shell::{self, capture, cargo, command, file_failure, run};
use crate::{Failure, Result, alike, lessons, single, tools, wasm};

const WASM: &str = "wasm32-unknown-unknown";

/// Stands in index.html where the build's name belongs, so that a browser never pairs the files
/// of two builds.
const BUILD_MARK: &str = "{{build}}";
/// Stands there where the list of languages belongs: a file in `web/lang/` is one.
const LANGUAGES_MARK: &str = "{{languages}}";

/// The worker that keeps the page for when there is no network, and where it names the files.
const OFFLINE: &str = "offline.js";
const FILES_MARK: &str = "/*{{files}}*/";

/// What wasm-opt does to both modules. rustc has put functions into their callers as far as that pays:
/// what wasm-opt puts there besides costs bytes, and a browser goes on running a long loop, put into a
/// function that is called once, with its slow first compiler. Levels that look harder for bytes save
/// them before brotli only: what is alike is then a little less alike.
const SHRINKING: [&str; 3] =
    ["-O2", "--skip-pass=inlining-optimizing", "--reorder-functions-by-name"];

/// Where the page lies when it is built.
pub fn dist() -> PathBuf {
    shell::root().join("dist")
}

/// The simulation's module as rustc leaves it: what node, Chromium and the checks load.
pub fn sim_module() -> PathBuf {
    shell::target_dir().join(WASM).join("web/glasshouse_sim.wasm")
}

/// Compiles the simulation to wasm and refuses a module that imports anything.
pub fn build_sim() -> Result<PathBuf> {
    // Apart from the page: built together, the two would share features, and the page's crates
    // would put imports of the browser into the simulation.
    build_module("glasshouse-sim", &["--profile", "web"], &[])?;
    let module = sim_module();
    no_imports(&module)?;
    Ok(module)
}

/// Compiles core on its own, keeps even what nobody calls, and refuses a module with imports.
pub fn check_core() -> Result<()> {
    build_module("glasshouse-core", &[], &["--", "-C", "link-arg=--no-gc-sections"])?;
    no_imports(&shell::target_dir().join(WASM).join("debug/glasshouse_core.wasm"))
}

/// Links a library of ours as a wasm module, whatever its manifest says it is natively.
fn build_module(package: &str, profile: &[&str], rustc: &[&str]) -> Result<()> {
    tools::wasm_target()?;
    let module =
        ["rustc", "--package", package, "--lib", "--crate-type", "cdylib", "--target", WASM];
    run(&mut cargo(&[&module, profile, rustc].concat()))
}

/// Fails when a wasm module imports something.
pub fn no_imports(module: &Path) -> Result<()> {
    let imports = wasm::imports(&shell::read(module)?)?;
    if imports.is_empty() {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "{} imports {}: something in it reaches for the outside world, and a seed would no longer tell the whole story",
        module.file_name().unwrap_or_default().to_string_lossy(),
        imports.join(", ")
    )))
}

/// Builds everything. `release` also shrinks the modules with wasm-opt.
pub fn build(release: bool) -> Result<()> {
    let sim = build_sim()?;
    run(&mut cargo(&[
        "build",
        "--package",
        "glasshouse-web",
        "--profile",
        "web",
        "--target",
        WASM,
    ]))?;
    let web = shell::target_dir().join(WASM).join("web/glasshouse-web.wasm");
    let bindgen = tools::bindgen()?;

    let dist = dist();
    if dist.exists() {
        fs::remove_dir_all(&dist).map_err(|error| file_failure(&dist, &error))?;
    }
    let out = dist.to_string_lossy().into_owned();
    run(command(bindgen, &[]).arg(&web).args([out.as_str(), "glasshouse-web"]))?;
    shell::write(&dist.join("glasshouse-sim.wasm"), &shell::read(&sim)?)?;
    if release {
        shrink(&dist.join("glasshouse-sim.wasm"))?;
        shrink(&dist.join("glasshouse-web_bg.wasm"))?;
    }
    lessons::write(&dist)?;
    copy_static(&dist)?;
    print_sizes(&dist)
}

fn shrink(module: &Path) -> Result<()> {
    let small = module.with_extension("small");
    shell::write(module, &alike::named(&shell::read(module)?)?)?;
    run(command(tools::wasm_opt()?, &SHRINKING).arg(module).arg("-o").arg(&small))?;
    fs::rename(&small, module).map_err(|error| file_failure(module, &error))
}

fn copy_static(dist: &Path) -> Result<()> {
    let root = shell::root();
    let mut files = vec![root.join("web/style.css")];
    let js = root.join("web/js");
    let scripts = fs::read_dir(&js).map_err(|error| file_failure(&js, &error))?;
    files.extend(scripts.filter_map(std::result::Result::ok).map(|entry| entry.path()));
    for file in files {
        let name = file.file_name().expect("a file of a folder has a name").to_owned();
        shell::write(&dist.join(name), &shell::read(&file)?)?;
    }
    let languages = copy_languages(dist)?;
    let names = names(dist)?;
    let text = |path: PathBuf| -> Result<String> {
        Ok(String::from_utf8_lossy(&shell::read(&path)?).into_owned())
    };
    let kept: Vec<_> =
        names.iter().filter(|name| *name != OFFLINE).map(|name| format!("{name:?}")).collect();
    let offline = text(dist.join(OFFLINE))?.replace(FILES_MARK, &kept.join(", "));
    shell::write(&dist.join(OFFLINE), offline.as_bytes())?;
    let index = text(root.join("index.html"))?;
    let index = index.replace(LANGUAGES_MARK, &languages).replace(BUILD_MARK, &build_name(dist)?);
    shell::write(&dist.join("index.html"), index.as_bytes())?;
    single::write(dist, &names)
}

/// The names of all files under a folder, as addresses have them.
fn names(dist: &Path) -> Result<Vec<String>> {
    let name = |path: &PathBuf| {
        let inside = path.strip_prefix(dist).unwrap_or(path).components();
        let parts: Vec<_> = inside.map(|part| part.as_os_str().to_string_lossy()).collect();
        parts.join("/")
    };
    Ok(files(dist)?.iter().map(name).collect())
}

/// Copies the catalogues: `web/lang/ru.txt` to `lang/ru.txt`, and the lessons' `labs/NN-name/ru.txt` to
/// `lang/ru/NN-name.txt`. Returns the list of languages as the page reads it: `ru Русский`.
fn copy_languages(dist: &Path) -> Result<String> {
    let root = shell::root();
    let mut languages = Vec::new();
    for file in files(&root.join("web/lang"))? {
        let tag = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = shell::read(&file)?;
        shell::write(&dist.join(format!("lang/{tag}.txt")), &text)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        let name = text.lines().find_map(|line| line.strip_prefix("language: "));
        let name = name.ok_or_else(|| {
            Failure::Failed(format!("web/lang/{tag}.txt has no line \"language: NAME\""))
        })?;
        languages.push(format!("{tag} {name}"));
        for file in files(&root.join("labs"))? {
            let lesson = file.parent().and_then(Path::file_name).unwrap_or_default();
            if file.file_name().is_some_and(|name| name == format!("{tag}.txt").as_str()) {
                let to = dist.join(format!("lang/{tag}/{}.txt", lesson.to_string_lossy()));
                shell::write(&to, &shell::read(&file)?)?;
            }
        }
    }
    Ok(languages.join(", "))
}

/// Names the build after the bytes of its files (FNV-1a, 64 bits).
fn build_name(dist: &Path) -> Result<String> {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for path in files(dist)? {
        for byte in shell::read(&path)? {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    Ok(format!("{hash:016x}"))
}

/// All files under a folder, in order of their names.
fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(|error| file_failure(dir, &error))? {
        let path = entry.map_err(|error| file_failure(dir, &error))?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Prints what a visitor downloads. Node.js has brotli; without it only plain sizes are known.
fn print_sizes(dist: &Path) -> Result<()> {
    let node = tools::node_path();
    let (mut page, mut labs, mut languages) = ((0, 0), (0, 0), (0, 0));
    say!("  {:<28} {:>10} {:>10}", "dist/", "bytes", "brotli");
    // Nobody downloads both the page and the one file that holds all of it.
    for path in files(dist)?.into_iter().filter(|path| !path.ends_with(single::NAME)) {
        let raw = shell::read(&path)?.len();
        let small = node.as_ref().map(|node| brotli(node, &path)).transpose()?;
        let name = path.strip_prefix(dist).unwrap_or(&path);
        let total = match name.iter().next().and_then(|folder| folder.to_str()) {
            Some("labs") => &mut labs,
            Some("lang") => &mut languages,
            _ => &mut page,
        };
        (total.0, total.1) = (total.0 + raw, total.1 + small.unwrap_or_default());
        if name.iter().count() == 1 {
            let small = small.map_or("-".to_owned(), |small| small.to_string());
            say!("  {:<28} {raw:>10} {small:>10}", name.display().to_string());
        }
    }
    say!("  {:<28} {:>10} {:>10}", "page weight", page.0, page.1);
    say!("  {:<28} {:>10} {:>10}", "labs/, each when it is opened", labs.0, labs.1);
    say!("  {:<28} {:>10} {:>10}", "lang/, one, if at all", languages.0, languages.1);
    if node.is_none() {
        say!("  (sizes after brotli need Node.js, which is not installed)");
    }
    Ok(())
}

fn brotli(node: &Path, path: &Path) -> Result<usize> {
    let script = "console.log(require('zlib').brotliCompressSync(require('fs').readFileSync(process.argv[1])).length)";
    let said = capture(command(node, &["-e", script]).arg(path))?;
    said.trim().parse().map_err(|_| Failure::Failed(format!("node did not print a size: {said}")))
}
