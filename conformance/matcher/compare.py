"""The other side of `cargo xtask bench matcher`: presidio-evaluator makes texts, presidio-analyzer reads them.

    compare.py generate FOLDER SEED COUNT   writes generated.bin and prints what is in it
    compare.py analyze FOLDER SECONDS       prints what the recognisers find in it, and their speed on every *.bin

Texts lie in a file one behind the other, each ended by a NUL. Places are counted in bytes of UTF-8.
"""

import contextlib
import json
import logging
import pathlib
import sys
import time
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)

# All that read English or United States forms without a model.
RECOGNISERS = """AbaRouting CreditCard Date Email Iban Ip MacAddress MedicalLicense Phone Url UsBank UsClaimNumber
UsHealthInsuranceMemberId UsItin UsLicense UsMbi UsNpi UsPassport UsPrescriptionNumber UsSsn""".split()


def place(text, start, end):
    first = len(text[:start].encode())
    return [first, first + len(text[start:end].encode())]


def generate(folder, seed, count):
    import datetime
    import random

    import numpy
    from faker import Faker
    from faker.providers import date_time
    from presidio_evaluator.data_generator import PresidioSentenceFaker

    # The generator draws from all of these. The order of its sets follows PYTHONHASHSEED, which the caller sets.
    for sow in [random.seed, numpy.random.seed, Faker.seed]:
        sow(seed)

    # Dates are drawn from the years before now, so now is always the same.
    class Fixed(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 11, 22, tzinfo=tz)

    date_time.datetime = Fixed
    faker = PresidioSentenceFaker("en_US", 0.05, random_seed=seed)
    samples = faker.generate_new_fake_sentences(count)
    assert not any("\0" in sample.full_text for sample in samples)
    (folder / "generated.bin").write_bytes(b"".join(sample.full_text.encode() + b"\0" for sample in samples))
    return [
        [[span.entity_type, *place(sample.full_text, span.start_position, span.end_position)] for span in sample.spans]
        for sample in samples
    ]


def analyzer():
    import presidio_analyzer.predefined_recognizers as predefined
    import spacy
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine
    from spacy.language import Language

    # Words around a value raise its score, and presidio finds them by their lemmas. There is no model to make
    # lemmas; a word in small letters stands for its own.
    @Language.component("own_lemmas")
    def own_lemmas(document):
        for token in document:
            token.lemma_ = token.lower_
        return document

    nlp = spacy.blank("en")
    nlp.add_pipe("own_lemmas")
    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
    engine.nlp = {"en": nlp}
    recognisers = [getattr(predefined, name + "Recognizer")() for name in RECOGNISERS]
    registry = RecognizerRegistry(recognizers=recognisers, supported_languages=["en"])
    return AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])


def speed(analyze, texts, seconds):
    analyze(texts[0])
    size, started = 0, time.process_time()
    while (took := time.process_time() - started) < seconds:
        text = texts.pop()
        texts.insert(0, text)
        analyze(text)
        size += len(text.encode())
    return size / took / 1e6


def analyze(folder, seconds):
    engine = analyzer()

    def results(text):
        return engine.analyze(text, language="en")

    files = {file.stem: file.read_bytes().decode().split("\0")[:-1] for file in sorted(folder.glob("*.bin"))}
    found = [
        [[result.entity_type, *place(text, result.start, result.end), result.score] for result in results(text)]
        for text in files["generated"]
    ]
    return {"found": found, "mb_per_s": {name: speed(results, texts, seconds) for name, texts in files.items()}}


if __name__ == "__main__":
    command, folder, *numbers = sys.argv[1:]
    commands = {"generate": generate, "analyze": analyze}
    # Standard output is for the answer; the generator talks.
    with contextlib.redirect_stdout(sys.stderr):
        answer = commands[command](pathlib.Path(folder), *map(int, numbers))
    print(json.dumps(answer), flush=True)
