//! Words and answers in other languages, ready for a Messaging Service that asks for a language by its name alone.
//!
//! They are off until a service asks: in the middle of a conversation "alto" is a height. Every answer is one GSM-7
//! segment, so it is written around the accents that would make it three.

use crate::optout::Order;

/// Words and answers of one language: STOP, START, HELP.
type Language = (&'static str, [(&'static [&'static str], &'static str); 3]);

const LANGUAGES: &[Language] = &[
    (
        "de",
        [
            (
                &["STOPP", "ABMELDEN", "ENDE"],
                "Von dieser Nummer kommen keine Nachrichten mehr. Wieder einschalten: WEITER.",
            ),
            (
                &["WEITER", "ANMELDEN"],
                "Nachrichten von dieser Nummer kommen wieder. Hilfe: HILFE. Beenden: STOPP.",
            ),
            (
                &["HILFE"],
                "Nachrichten von dieser Nummer beenden: STOPP. Wieder einschalten: WEITER. Es können Kosten anfallen.",
            ),
        ],
    ),
    (
        "es",
        [
            (
                &["PARAR", "ALTO", "CANCELAR", "BAJA"],
                "Fin de los mensajes de este remitente. Para volver a recibirlos responda INICIAR.",
            ),
            (
                &["INICIAR", "REANUDAR"],
                "Los mensajes de este remitente vuelven a llegar. Ayuda: AYUDA. Para pararlos: PARAR.",
            ),
            (
                &["AYUDA"],
                "Para parar los mensajes de este remitente responda PARAR, para volver a recibirlos INICIAR. Pueden aplicarse tarifas.",
            ),
        ],
    ),
    (
        "fr",
        [
            (
                &["ARRET", "ARRÊT", "ARRETE", "ARRETT", "DESABONNER"],
                "Vous ne recevrez plus de messages de ce numéro. Pour en recevoir à nouveau, répondez REPRENDRE.",
            ),
            (&["REPRENDRE"], "Les messages de ce numéro reprennent. Aide : AIDE. Pour y mettre fin : ARRET."),
            (
                &["AIDE"],
                "Pour mettre fin aux messages de ce numéro répondez ARRET, pour en recevoir à nouveau REPRENDRE. Des frais peuvent s'appliquer.",
            ),
        ],
    ),
    (
        "pt",
        [
            (
                &["PARAR", "SAIR", "CANCELAR"],
                "Fim das mensagens deste remetente. Para voltar a receber responda VOLTAR.",
            ),
            (
                &["VOLTAR", "INICIAR"],
                "As mensagens deste remetente voltaram. Ajuda: AJUDA. Para parar: PARAR.",
            ),
            (
                &["AJUDA"],
                "Para parar as mensagens deste remetente responda PARAR, para voltar a receber VOLTAR. Podem aplicar-se tarifas.",
            ),
        ],
    ),
];

/// STOP, START and HELP of a language (ISO 639-1); `None` when it is not known.
pub(crate) fn words(language: &str) -> Option<[Order; 3]> {
    let (_, orders) = LANGUAGES.iter().find(|(code, _)| *code == language)?;
    Some(orders.map(|(keywords, reply)| Order {
        keywords: keywords.iter().map(|word| (*word).to_owned()).collect(),
        reply: Some(reply.to_owned()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optout::{Variant, Words};
    use crate::segments::{Encoding, Segmentation, segment};

    #[test]
    fn every_language_fits_beside_all_the_others() {
        let mut all = Words::default();
        for (code, _) in LANGUAGES {
            let [stop, start, help] = words(code).expect("a language");
            for order in [&stop, &start, &help] {
                let reply = order.reply.as_deref().expect("a text");
                assert_eq!(segment(reply), Segmentation { encoding: Encoding::Gsm7, segments: 1 }, "{reply}");
            }
            all.variants.push(Variant {
                language: (*code).to_owned(),
                countries: Vec::new(),
                stop,
                start,
                help,
            });
        }
        assert_eq!(all.check(), Ok(()));
        assert!(words("xx").is_none());
    }
}
