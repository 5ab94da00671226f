import { Locale } from 'discord.js';

/** A text in the languages that Nod's Discord menus speak. */
export interface Localised {
  readonly en: string;
  readonly de: string;
  readonly es: string;
  readonly pt: string;
}

/** The text in a person's language, English for all that we don't speak. */
export function inLanguage(text: Localised, locale: string): string {
  const language = locale.split('-')[0];
  if (language === 'de' || language === 'es' || language === 'pt') return text[language];
  return text.en;
}

/** The translations as Discord takes them beside the English text. */
export const translations = ({ de, es, pt }: Localised) => ({
  [Locale.German]: de,
  [Locale.SpanishES]: es,
  [Locale.SpanishLATAM]: es,
  [Locale.PortugueseBR]: pt,
});

export const TEXTS = {
  failed: {
    en: 'Something went wrong. Try again in a moment.',
    de: 'Etwas ist schiefgegangen. Versuche es gleich noch einmal.',
    es: 'Algo salió mal. Inténtalo de nuevo en un momento.',
    pt: 'Algo deu errado. Tente de novo em instantes.',
  },
  pressAgain: {
    en: 'The window could not open in time. Press the button once more.',
    de: 'Das Fenster konnte nicht rechtzeitig öffnen. Drücke den Knopf noch einmal.',
    es: 'La ventana no pudo abrirse a tiempo. Pulsa el botón otra vez.',
    pt: 'A janela não abriu a tempo. Aperte o botão mais uma vez.',
  },
  noMedia: {
    en: 'There is no photo or video to post in this message.',
    de: 'In dieser Nachricht ist kein Foto oder Video zum Posten.',
    es: 'No hay ninguna foto ni vídeo que publicar en este mensaje.',
    pt: 'Não há foto nem vídeo para publicar nesta mensagem.',
  },
  composeTitle: {
    en: 'Post to TikTok',
    de: 'Auf TikTok posten',
    es: 'Publicar en TikTok',
    pt: 'Publicar no TikTok',
  },
  composeFiles: {
    en: 'Photos or a video',
    de: 'Fotos oder ein Video',
    es: 'Fotos o un vídeo',
    pt: 'Fotos ou um vídeo',
  },
  composeFilesHint: {
    en: 'Up to 10 files, in the order of the post',
    de: 'Bis zu 10 Dateien, in der Reihenfolge des Posts',
    es: 'Hasta 10 archivos, en el orden de la publicación',
    pt: 'Até 10 arquivos, na ordem da publicação',
  },
  composeCaption: { en: 'Caption', de: 'Beschreibung', es: 'Descripción', pt: 'Legenda' },
} satisfies Record<string, Localised>;

export interface Named {
  readonly name: Localised;
  readonly description: Localised;
}

/** What stands beside `/tiktok` itself. */
export const COMMAND_DESCRIPTION: Localised = {
  en: 'Post to TikTok',
  de: 'Auf TikTok posten',
  es: 'Publicar en TikTok',
  pt: 'Publicar no TikTok',
};

export const MESSAGE_COMMAND: Localised = COMMAND_DESCRIPTION;

export const SUBCOMMANDS = {
  post: {
    name: { en: 'post', de: 'posten', es: 'publicar', pt: 'publicar' },
    description: {
      en: 'Post photos or a video',
      de: 'Fotos oder ein Video posten',
      es: 'Publica fotos o un vídeo',
      pt: 'Publique fotos ou um vídeo',
    },
  },
  compose: {
    name: { en: 'compose', de: 'verfassen', es: 'componer', pt: 'compor' },
    description: {
      en: 'Choose up to 10 files and write the caption in one window',
      de: 'Bis zu 10 Dateien wählen und die Beschreibung in einem Fenster schreiben',
      es: 'Elige hasta 10 archivos y escribe la descripción en una ventana',
      pt: 'Escolha até 10 arquivos e escreva a legenda em uma janela',
    },
  },
  connect: {
    name: { en: 'connect', de: 'verbinden', es: 'conectar', pt: 'conectar' },
    description: {
      en: 'Connect a TikTok account',
      de: 'Ein TikTok-Konto verbinden',
      es: 'Conecta una cuenta de TikTok',
      pt: 'Conecte uma conta do TikTok',
    },
  },
  accounts: {
    name: { en: 'accounts', de: 'konten', es: 'cuentas', pt: 'contas' },
    description: {
      en: 'Show the connected TikTok accounts',
      de: 'Die verbundenen TikTok-Konten zeigen',
      es: 'Muestra las cuentas de TikTok conectadas',
      pt: 'Mostre as contas do TikTok conectadas',
    },
  },
  disconnect: {
    name: { en: 'disconnect', de: 'trennen', es: 'desconectar', pt: 'desconectar' },
    description: {
      en: 'Disconnect a TikTok account',
      de: 'Ein TikTok-Konto trennen',
      es: 'Desconecta una cuenta de TikTok',
      pt: 'Desconecte uma conta do TikTok',
    },
  },
  posts: {
    name: { en: 'posts', de: 'beiträge', es: 'publicaciones', pt: 'publicações' },
    description: {
      en: 'Show open drafts and recent posts',
      de: 'Offene Entwürfe und letzte Beiträge zeigen',
      es: 'Muestra los borradores abiertos y las publicaciones recientes',
      pt: 'Mostre os rascunhos abertos e as publicações recentes',
    },
  },
  cancel: {
    name: { en: 'cancel', de: 'abbrechen', es: 'cancelar', pt: 'cancelar' },
    description: {
      en: 'Discard a draft or stop a post',
      de: 'Einen Entwurf verwerfen oder einen Beitrag anhalten',
      es: 'Descarta un borrador o detén una publicación',
      pt: 'Descarte um rascunho ou pare uma publicação',
    },
  },
  settings: {
    name: { en: 'settings', de: 'einstellungen', es: 'ajustes', pt: 'configurações' },
    description: {
      en: 'Review and posting settings',
      de: 'Einstellungen für Freigabe und Posten',
      es: 'Ajustes de revisión y publicación',
      pt: 'Configurações de revisão e publicação',
    },
  },
  history: {
    name: { en: 'history', de: 'verlauf', es: 'historial', pt: 'histórico' },
    description: {
      en: 'Who approved and posted what',
      de: 'Wer was freigegeben und gepostet hat',
      es: 'Quién aprobó y publicó qué',
      pt: 'Quem aprovou e publicou o quê',
    },
  },
  join: {
    name: { en: 'join', de: 'beitreten', es: 'unirse', pt: 'participar' },
    description: {
      en: 'Share accounts and reviews with another chat',
      de: 'Konten und Freigaben mit einem anderen Chat teilen',
      es: 'Comparte cuentas y revisiones con otro chat',
      pt: 'Compartilhe contas e revisões com outra conversa',
    },
  },
  claim: {
    name: { en: 'claim', de: 'übernehmen', es: 'reclamar', pt: 'reivindicar' },
    description: {
      en: 'Become the operator of this Nod, with the code from its log',
      de: 'Betreiber dieses Nod werden, mit dem Code aus seinem Log',
      es: 'Hazte operador de este Nod con el código de su registro',
      pt: 'Torne-se operador deste Nod com o código do log',
    },
  },
  help: {
    name: { en: 'help', de: 'hilfe', es: 'ayuda', pt: 'ajuda' },
    description: {
      en: 'How to post with Nod',
      de: 'Wie man mit Nod postet',
      es: 'Cómo publicar con Nod',
      pt: 'Como publicar com o Nod',
    },
  },
} satisfies Record<string, Named>;

export const OPTIONS = {
  media: {
    name: { en: 'media', de: 'datei', es: 'archivo', pt: 'arquivo' },
    description: {
      en: 'A photo or a video',
      de: 'Ein Foto oder ein Video',
      es: 'Una foto o un vídeo',
      pt: 'Uma foto ou um vídeo',
    },
  },
  caption: {
    name: { en: 'caption', de: 'beschreibung', es: 'descripción', pt: 'legenda' },
    description: {
      en: 'What stands beside the post, with #tags and @names',
      de: 'Was beim Beitrag steht, mit #Tags und @Namen',
      es: 'Lo que acompaña a la publicación, con #etiquetas y @nombres',
      pt: 'O que acompanha a publicação, com #tags e @nomes',
    },
  },
  account: {
    name: { en: 'account', de: 'konto', es: 'cuenta', pt: 'conta' },
    description: {
      en: 'The TikTok account',
      de: 'Das TikTok-Konto',
      es: 'La cuenta de TikTok',
      pt: 'A conta do TikTok',
    },
  },
  privacy: {
    name: { en: 'privacy', de: 'sichtbarkeit', es: 'privacidad', pt: 'privacidade' },
    description: {
      en: 'Who can see it',
      de: 'Wer es sehen kann',
      es: 'Quién puede verlo',
      pt: 'Quem pode ver',
    },
  },
  when: {
    name: { en: 'when', de: 'wann', es: 'cuándo', pt: 'quando' },
    description: {
      en: 'When to publish, such as tomorrow 18:00',
      de: 'Wann es erscheint, etwa morgen 18:00',
      es: 'Cuándo publicar, por ejemplo mañana 18:00',
      pt: 'Quando publicar, por exemplo amanhã 18:00',
    },
  },
  claimCode: {
    name: { en: 'code', de: 'code', es: 'código', pt: 'código' },
    description: {
      en: 'The code that the start of Nod prints',
      de: 'Der Code, den Nod beim Start ausgibt',
      es: 'El código que Nod muestra al arrancar',
      pt: 'O código que o Nod mostra ao iniciar',
    },
  },
  code: {
    name: { en: 'code', de: 'code', es: 'código', pt: 'código' },
    description: {
      en: 'The code from the settings of the other chat',
      de: 'Der Code aus den Einstellungen des anderen Chats',
      es: 'El código de los ajustes del otro chat',
      pt: 'O código das configurações da outra conversa',
    },
  },
} satisfies Record<string, Named>;
