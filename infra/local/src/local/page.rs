//! The pages of the local cloud, each in one piece: they load nothing from elsewhere.

/// A file of the folder `page`.
macro_rules! part {
    ($name:literal) => {
        include_str!(concat!("../../page/", $name))
    };
}

/// The start of every page, up to its own markup.
macro_rules! opening {
    () => {
        concat!(
            part!("head.html"),
            "<style>\n",
            part!("page.css"),
            part!("chat.css"),
            part!("panels.css"),
            "</style>\n</head>\n<body>\n",
            part!("icons.html"),
        )
    };
}

/// Two people side by side.
pub(super) const PEOPLE: &str = concat!(
    opening!(),
    part!("body.html"),
    part!("pane.html"),
    part!("account.html"),
    "<script type=\"module\">\n",
    part!("server.js"),
    part!("conversation.js"),
    part!("contacts.js"),
    part!("outgoing.js"),
    part!("line.js"),
    part!("calls.js"),
    part!("person.js"),
    part!("drawing.js"),
    part!("forms.js"),
    part!("qr.js"),
    part!("social.js"),
    part!("gate.js"),
    part!("search.js"),
    part!("attachments.js"),
    part!("factors.js"),
    part!("account.js"),
    part!("chat.js"),
    part!("callpanel.js"),
    part!("pane.js"),
    part!("start.js"),
    "</script>\n</body>\n</html>\n",
);

/// Where the link of a reset mail leads: a new password.
pub(super) const RESET: &str = concat!(
    opening!(),
    part!("reset.html"),
    "<script type=\"module\">\n",
    part!("server.js"),
    part!("drawing.js"),
    part!("forms.js"),
    part!("reset.js"),
    "</script>\n</body>\n</html>\n",
);

/// What administrators do, signed for one of the local roles.
pub(super) const ADMIN: &str = concat!(
    opening!(),
    "<style>\n",
    part!("admin.css"),
    "</style>\n",
    part!("admin.html"),
    "<script type=\"module\">\n",
    part!("server.js"),
    part!("drawing.js"),
    part!("forms.js"),
    part!("signing.js"),
    part!("admin.js"),
    "</script>\n</body>\n</html>\n",
);
