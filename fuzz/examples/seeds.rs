//! Writes the seeds to the corpus.

use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    if env::args().len() > 1 {
        return Err("pass no arguments: this writes the seeds to fuzz/corpus".into());
    }
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let seeds = sse_codec_fuzz::seeds();
    for seed in &seeds {
        let target = corpus.join(seed.target);
        fs::create_dir_all(&target)?;
        fs::write(target.join(&seed.name), &seed.bytes)?;
    }
    println!("{} seeds written to {}", seeds.len(), corpus.display());
    Ok(())
}
