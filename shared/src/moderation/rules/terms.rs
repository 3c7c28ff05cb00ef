//! Banned terms: threats, incitement to self-harm, sexual interest in minors, illegal sales.

use super::Locale::{De, En, Es};
use super::{ILLEGAL_SALE, Locale, MINORS, Row, Rule, SELF_HARM, THREAT};

const fn row(locale: Locale, rule: &'static Rule, gap: usize, words: &'static str) -> Row {
    Row {
        locale,
        rule,
        gap,
        words,
        unless: "",
    }
}

const fn but(mut row: Row, unless: &'static str) -> Row {
    row.unless = unless;
    row
}

/// Words of jokes, games and films.
const PLAY: &str = "haha hahaha lol lmao game movie film show episode series kidding joking laughing \
    tickle chess videogame spiel witz lachen quiz juego pelicula broma jaja jajaja risa cosquillas \
    ajedrez schach kitzeln kitzel tatort krimi novel roman novela karaoke brunch";
/// Words of medicine, news and schools.
const TALK: &str = "legalize legalization documentary doctor doctors prescription pharmacy nurse police \
    cannabisgesetz gesetz doku arzt apotheke rezept krankenhaus polizei documental medico receta \
    farmacia policia hospital museum";

/// The table.
pub const TERMS: &[Row] = &[
    // Threats
    but(row(En, &THREAT, 2, "ill|il|will|gonna|going|imma|ima|want|wanna|shall kill|murder|stab|strangle|slaughter|behead|shoot you|u|ya|him|her|your"), PLAY),
    but(row(En, &THREAT, 2, "ill|il|will|gonna|going|imma|want|wanna beat|smash|break|punch|bash|burn|slit|cut|crush your|you|u|ur =up|face|neck|legs|bones|throat|head|skull|house|bloody|teeth|alive|pieces|kneecaps"), PLAY),
    but(row(En, &THREAT, 3, "you|u|ur|youre =will|gonna|going|deserve|=are|re =to|be|gonna|about|=die|a =die|killed|dead|stabbed|beaten|murdered|shot soon|tonight|tomorrow|painfully|slowly|when|if|by|for|for|bitch"), PLAY),
    row(En, &THREAT, 2, "youre|your|ur|you dead meat|when|if|soon|man"),
    row(En, &THREAT, 3, "know|found|find where you|u live|sleep|work watch|careful|coming|come|regret|pay|hurt|kill|burn|scared|dead"),
    row(En, &THREAT, 3, "will|gonna|ill|il|going hurt|kill|murder|stab you|u|your|ur family|kids|mother|sister|badly|bad|if|tonight|slowly|when|children|dog"),
    row(En, &THREAT, 2, "watch your|ur back bitch|because|ill|im|im|or|tonight"),
    row(En, &THREAT, 2, "rape|raping you|u|ur|your"),
    row(En, &THREAT, 3, "throw|pour|put acid in|on|at|over your|ur|you face|eyes|you"),
    row(En, &THREAT, 3, "put|got|have|take bullet|knife in|with|through|for your|you|ur|u head|skull|name|chest|back|heart|ribs|u|you"),
    but(row(De, &THREAT, 3, "ich|wir bring|bringe|brings|bringen dich|euch =um"), PLAY),
    but(row(De, &THREAT, 3, "ich|wir|werde|werd|will töte|toete|erschieße|erschiesse|ersteche|erwürge|erwuerge|erwurge|schlachte|verprügle|verpruegle|verprugle|steche|stech|schlitz|schlitze|murkse|knalle|knall dich|euch|deine|dir"), PLAY),
    but(row(De, &THREAT, 3, "dich|euch töten|toeten|umbringen|abstechen|erschießen|erschiessen|erwürgen|erwuergen|verprügeln|verpruegeln|abknallen|abschlachten|kaltmachen|totschlagen|totmachen"), PLAY),
    but(row(De, &THREAT, 3, "ich|werde|werd|wir|komm breche|brech|schlag|schlage|zerschlage|hau|haue|brenn|zünde|zuende|zunde|polier|poliere dir|dein|deine|dich =tot|knochen|fresse|schädel|schaedel|schadel|zähne|zaehne|zahne|haus|beine|genick|gesicht|kopf|nieder|krankenhausreif|bude|an"), PLAY),
    row(De, &THREAT, 4, "weiß|weiss|wei wo|wann du|deine wohnst|schläfst|schlaefst|arbeitest|kinder|wohnst pass|vorsicht|bereuen|fällig|faellig|fallig|komme|besuch|angst|erledigt|tot|dran"),
    row(De, &THREAT, 3, "du bist|wirst so|bald|heute|morgen|ein|schon|dafür|dafuer tot|sterben|toter|fällig|faellig|bluten|erledigt"),
    row(De, &THREAT, 2, "du|bist wirst|toter bluten|bereuen|sterben|mann wenn|heute|bald|dafür|dafuer|schwöre|verspreche|hund|qualvoll|langsam"),
    row(De, &THREAT, 3, "messer|kugel|säure|saeure in|ins|zwischen die|den|dein|deinen|deine|gesicht rippen|bauch|kopf|rücken|ruecken|gesicht|hals|augen"),
    row(De, &THREAT, 2, "vergewaltige|vergewaltigen|vergewaltig dich|euch"),
    row(De, &THREAT, 2, "dich|euch vergewaltigen"),
    but(row(Es, &THREAT, 2, "te|os voy|vamos|vy a matar|mato|apuñalar|apunalar|degollar|estrangular|acuchillar|rajar|quemar|violar|disparar|destripar|ahorcar|liquidar|reventar"), PLAY),
    but(row(Es, &THREAT, 2, "te mato|matare|apuñalo|apunalo|degüello|rajo|violo|quemo|reviento|estrangulo si|hoy|manana|mañana|=y|puta|lentamente|por|cuando|como|entera|esta|aunque|perra|cabron"), PLAY),
    row(Es, &THREAT, 2, "te|os voy|vas|vais a romper|partir|cortar|volar|arrancar la|las|el|los cara|piernas|cuello|huesos|cabeza|dientes|boca|manos|brazos|garganta|sesos"),
    row(Es, &THREAT, 3, "se|sé donde vives|duermes|trabajas|estudia|vive|viven cuidado|cuidate|voy|ire|iré|arrepentir|vigila|quemar|mato|pagar|muerta|muerto|prepárate|preparate|miedo"),
    row(Es, &THREAT, 2, "vas|vais a morir|pagarlo|arrepentirte|sangrar pronto|hoy|manana|caro|perra|puta|esta|por|lentamente|sola|muy|te|cabron|como"),
    row(Es, &THREAT, 2, "estas|eres muerta|muerto|muertos si|pronto|cuando|puta|como|hoy|perra|cabron"),
    row(Es, &THREAT, 2, "te|la meto|clavo|voy|meter|pego cuchillo|bala|navaja|tiro|balazo|acido|paliza"),
    // Self-harm
    but(row(En, &SELF_HARM, 1, "kill|hang|drown|shoot|cut|end your|ur|yo|urself|yourself|yoursel self|life|wrists|yourself|now|please|already|bitch|loser|nobody|today|ugly|and|tonight|you"), PLAY),
    but(row(En, &SELF_HARM, 0, "go|just|please|should|pls|and|better|now kill|hang|drown|shoot|neck yourself|urself|yourselves|yurself"), PLAY),
    but(row(En, &SELF_HARM, 0, "=kys"), PLAY),
    row(En, &SELF_HARM, 2, "go|just|please|should|crawl jump|die|drink off|in|bleach|somewhere|already|under|hole =a|an|=the|hole|bridge|alone|fire|bleach|train|cliff|roof|loser|and"),
    row(En, &SELF_HARM, 3, "world|everyone|everybody|family better|happier|happy without|if|when you|u|dead|died|youre|gone kill|die|dead|died|jump|end|gone|do"),
    row(En, &SELF_HARM, 3, "you|u should|deserve|ought =to|have|just|be|never =die|suicide|dead|hang|cut|end|born"),
    row(En, &SELF_HARM, 2, "nobody|noone|one would miss you|u kill|do|jump|die|hang|dead|end"),
    but(row(De, &SELF_HARM, 2, "bring|bringe dich|euch endlich|doch|einfach|=um|halt|lieber|selbst|mal um|selbst|umbringen"), PLAY),
    but(row(De, &SELF_HARM, 1, "bring|erhäng|erhaeng|erhang|erschieß|erschiess|ertränk|ertraenk|ertrank|töte|toete|ritz|vergifte|häng|haeng|hang dich =um|endlich|doch|einfach|selbst|selber|auf|bitte|lieber|halt"), PLAY),
    row(De, &SELF_HARM, 2, "geh|solltest|kannst|stirb|verreck|krepier sterben|verrecken|endlich|einfach|allein|doch|krepieren|dich|springen|du|bitte umbringen|erhängen|erhaengen|erhangen|sterben|bitte|allein|brücke|bruecke|endlich|niemand|opfer|loser|miststück|elendig|missgeburt|alleine|stück|aufhängen"),
    row(De, &SELF_HARM, 3, "spring|schmeiß|schmeiss|wirf|leg|stürz|stuerz dich|von|vom|vor|aus der|einer|dem|den|einen|nächsten|zug|dach|gleise|die|nächste brücke|bruecke|zug|dach|gleise|hochhaus|fenster|zug|bahn"),
    row(De, &SELF_HARM, 3, "welt|alle|familie|keiner|niemand besser|glücklicher|gluecklicher|froh|vermissen|vermisst ohne|wenn|dran dich|du|tot bring|tot|stirb|weg|nicht|stirbst|umbringst|spring|erhäng|sterben"),
    row(De, &SELF_HARM, 2, "schneid|ritz dir|dich =die|endlich|auf|doch pulsadern|arme|auf|adern|auf"),
    row(Es, &SELF_HARM, 1, "matate|mátate|suicidate|suicídate|ahorcate|ahórcate|cuelgate|cuélgate|muerete|muérete|envenenate ya|de|por|sola|solo|nadie|perra|puta|ahora|inútil|inutil|fea|gorda|una|y|hoy|gordo|ridiculo|basura|asco|please|tia|imbecil"),
    row(Es, &SELF_HARM, 2, "deberias|deberías|tienes|hazte|haznos|vete|porque|por matarte|suicidarte|morirte|ahorcarte|colgarte|que|favor|no|=a|el|un =te|matate|mates|suicides|matas|favor|mueras|ya|de|nadie|suicidas|morir|=y"),
    row(Es, &SELF_HARM, 2, "tirate|tírate|lanzate|lánzate|saltes|salta|arrojate de|por|desde|del|al|a|debajo un|el|la|una|balcon|puente|tren|balcón|vias|azotea puente|tren|ventana|balcon|balcón|metro|azotea|edificio|ya|vias|hazlo"),
    row(Es, &SELF_HARM, 3, "mundo|todos|familia|nadie|gente mejor|feliz|felices|echaria|echaría|extrañaria|extranara|extrañará sin|te|si ti|menos|mueres|matas|matate|murieras|mataras muerete|mátate|matate|mueres|matas|hazlo|murieras|tirate|menos"),
    row(Es, &SELF_HARM, 1, "cortate|córtate las|los venas|muñecas|munecas|brazos"),
    // Minors
    row(En, &MINORS, 3, "=13|=12|=11|=14|=15|=10|=9|thirteen|twelve|eleven|fourteen|fifteen|teen|year|yo|years|yr|yo old|olds|yo|girl|boy|girls|boys|nudes|kid nude|nudes|naked|sex|sexy|sext|horny|undress|virgin|topless|hookup|panties|pics|fuck|blowjob"),
    row(En, &MINORS, 4, "nude|nudes|naked|sexy|sex|horny|undress|sext|fuck|topless with|of|from|for|pics|pictures|photos|videos|girls|boys|lil|your|little|young|underage|kids|teens|a|children|minor|minors|preteen|preteens =13|=12|=11|=14|=15|=10|=9|thirteen|twelve|eleven|fourteen|fifteen|underage|kids|kid|little|child|children|minors|preteen|preteens|daughter|teen|schoolgirl|schoolgirls|sister"),
    row(En, &MINORS, 3, "underage|preteen|minor|minors|child|kiddie|schoolgirl|kids|lolita|jailbait|=cp porn|nudes|nude|sex|naked|pics|content|video|videos|trade|sell|sexy|link|links|pack|collection|horny|vids"),
    row(En, &MINORS, 3, "trade|sell|selling|buy|trading|want|looking|swap|send|share|got child|=cp|underage|preteen|kiddie|jailbait|lolita|minors|minor|cheese porn|pics|content|videos|collection|nudes|links|pizza|vids|stuff|material"),
    row(En, &MINORS, 3, "dont|never|not|secret tell your|ur parents|mom|mum|dad|teacher meet|sexy|nude|kiss|naked|touch|pics|our|sex|sleep|secret|us"),
    row(En, &MINORS, 4, "like|love|prefer|into|want|meet|attracted|looking little|young|underage|preteen|minor|school|younger|schoolgirl|small girls|boys|kids|children|girl|boy|schoolgirls|ones sex|sexually|under|naked|bed|=12|=13|=14|=11|=10|nude|fun|touch|=15|nudes"),
    row(De, &MINORS, 3, "=13|=12|=11|=14|=10|=9|dreizehn|zwölf|zwoelf|zwolf|elf|vierzehn|minderjährig*|minderjaehrig*|minderjahrig*|schulmädchen|schulmaedchen|kinder|kind|jährige|jaehrige|jahrige|kleine|kleines|13jährige|kleinen nackt*|nackig|sex|nacktbild*|nacktfoto*|pornos|porno|geil|ficken|sexy|ausziehen|unterwäsche|unterwaesche|bett|jungfrau|höschen|hoeschen|sexbilder"),
    row(De, &MINORS, 4, "nackt*|sex|nacktbild*|nacktfoto*|geile|geil|pornos|porno|ficken|sexbilder|sexuell von|mit|auf|deiner|einer|kleinen|deine =13|=12|=11|=14|=10|=9|dreizehn|zwölf|zwoelf|vierzehn|minderjährig*|minderjaehrig*|minderjahrig*|kindern|kind|mädchen|schülerin|schulmädchen|kleinen|schuelerin|schulerin|kids|tochter|schwester|dreizehnjährigen|jährigen|jahrigen|schülerinnen|schulerinnen"),
    row(De, &MINORS, 2, "kinderporno*|kipo|kinderpornos|kinderpornografie tausch*|bilder|videos|verkauf*|hast|habe|hab|suche|links|austausch*|verschick*|material|sammlung|kauf*|schick|willst|gegen"),
    row(De, &MINORS, 2, "tausch*|verkauf*|suche|hab|hast|schick|biete kinderporno*|kipo|kinderpornografie|kinderpornos"),
    row(De, &MINORS, 3, "sag|erzähl|erzaehl|nichts|geheimnis|verrat|erzahl deinen|deiner|deinem eltern|mama|mutter|papa|lehrer|lehrerin treffen|nackt|sexy|küss|kuss|kuessen|foto|geheim|bilder|unser|bett|davon|ausziehen"),
    row(De, &MINORS, 3, "steh|stehe|mag|suche|treffe|will junge|kleine|minderjährige|minderjaehrige|minderjahrige|jüngere|ganz|sehr mädchen|maedchen|madchen|jungs|kinder|mädels|jungen|schülerinnen|schulerinnen unter|sex|nackt|=12|=13|=14|bett|ficken|=11|sexuell|anfassen|=10|nackte"),
    row(Es, &MINORS, 3, "=13|=12|=11|=14|=10|=9|trece|doce|once|catorce|menor|menores|niña|nina|niñas|ninas|niños|ninos|colegiala|colegialas|hija|quince|=15 desnuda|desnudo|desnudas|desnudos|sexo|porno|nudes|sexy|follar|pack|calientes|cama|virgen|bragas|caliente|sexuales|hot|intimas"),
    row(Es, &MINORS, 4, "desnuda|desnudo|desnudas|desnudos|sexo|porno|nudes|sexy|follar|calientes|pack|fotos|sexuales|hot|intimas de|con|tu|una|a =13|=12|=11|=14|=10|=9|trece|doce|menor|menores|niña|nina|niñas|ninas|colegiala|colegialas|hija|catorce|niños|ninos|hermanita desnuda|años|anos|edad|sexo|desnudas|pequeñas|pequena|sexy|de|desnuda|pequenas|vendo|desnudos|caliente|cambio|calientes|hot|intercambio|barato"),
    row(Es, &MINORS, 3, "vendo|cambio|busco|intercambio|compro|paso|tengo|quiero|comparto porno|=cp|material|videos|packs|fotos|contenido|pack infantil|menores|niñas|ninas|niños|ninos|colegialas|pequeñas|menor|nenas"),
    row(Es, &MINORS, 2, "porno|pornografia|=cp infantil|menores|niños|ninos|niñas"),
    row(Es, &MINORS, 3, "no|nunca|sin digas|cuentes|contar|decir|diga|secreto tus|tu|nuestro padres|mama|mamá|madre|papa|profe|profesora|secreto|nadie fotos|foto|desnuda|beso|cama|quedamos|sexy|secreto|besos|vernos|casa"),
    row(Es, &MINORS, 3, "gustan|busco|quiero|prefiero|encantan|ponen las|los|chicas|a|niñas|ninas|sexo|niños|ninos|muy niñas|ninas|niños|ninos|menores|pequeñas|pequenas|jovencitas|nenas sexo|desnudas|de|=12|=13|=14|=11|cama|follar|doce|trece|sexual|tocar|calientes"),
    // Illegal sales
    but(row(En, &ILLEGAL_SALE, 4, "sell|selling|sale|sel|buy|deliver|delivery|deliveries|plug|got|dealing|stock|available|need|order|hmu|hookup|offering|supply coke|cocaine|weed|mdma|ecstasy|molly|meth|heroin|xanax|oxy|ketamine|lsd|shrooms|fentanyl|pills|speed|crack|percs|crystal|acid|snow|adderall|oxycontin|cocain|gear|tabs|bars gram|grams|=g|delivery|price|prices|cheap|deliver|hmu|dm|ounce|#|eighth|ship|shipping|quality|discreet|tonight|menu|bulk|worldwide|mail|now|ask|drop|pure|bag|bags|available|party|fast"), TALK),
    but(row(En, &ILLEGAL_SALE, 4, "coke|cocaine|weed|mdma|ecstasy|molly|meth|heroin|xanax|oxy|ketamine|lsd|shrooms|fentanyl|crack|percs|cocain|pills|gear for|gram|grams|=g|available|delivery|delivered|stock|per|cheap|bag|bags|hmu|dm|ounce|prices|price|on sale|#|hmu|dm|cheap|delivery|delivered|gram|grams|tonight|bucks|stock|each|ship|shipping|available|ounce|menu|text|price|prices"), TALK),
    but(row(En, &ILLEGAL_SALE, 4, "sell|selling|sale|buy|got|need|supply|offering|get gun|guns|glock|pistol|ak47|ghost|firearm|firearms|rifle|ammo|handgun|handguns|weapons|uzi|silencer|grenades|stolen no|without|untraceable|unregistered|illegal|serial|cheap|dm|license|background|licence|ship|papers|cash|permit|cards|passports|delivered|under"), "nerf paintball museum airsoft"),
    row(En, &ILLEGAL_SALE, 3, "fake|counterfeit|forged|stolen|cloned passport*|id|ids|licence*|license*|bills|notes|banknotes|cards|visas|diplomas sell|sale|selling|buy|dm|cheap|order|available|#|ship|shipping|delivered|price"),
    row(En, &ILLEGAL_SALE, 3, "sell|selling|buy|sale|order|offering|got|make fake|counterfeit|forged|stolen|cloned passport*|id|ids|licence*|license*|bills|notes|banknotes|cards|visas|diplomas"),
    but(row(De, &ILLEGAL_SALE, 4, "verkauf*|verticke|vertick|liefer*|biete|hab|habe|brauchst|deal|deale|besorg*|kauf*|verkloppe|angebot|vercheck* koks|kokain|gras|weed|mdma|ecstasy|speed|crystal|heroin|lsd|keta|ketamin|pilzen|pilze|hasch|xanax|pillen|teile|schnee|haze|pep|amphe|cannabis|dope|meth|tilidin|pappen gramm|=g|günstig|guenstig|gunstig|liefer*|preis|preise|billig|#|pro|qualität|qualitat|sauber|diskret|meld*|heute|euro|stück|stk|versand|nachricht|reinheit|direkt|topp|top|interesse|lieferung|bedarf|angebot"), TALK),
    but(row(De, &ILLEGAL_SALE, 4, "koks|kokain|gras|weed|mdma|ecstasy|speed|crystal|heroin|lsd|keta|ketamin|hasch|xanax|pillen|teile|haze|pep|amphe|dope|meth|tilidin zu|gramm|das|für|fuer|fur|zum|günstig|guenstig|gunstig|top|im|bester|beste|direkt|im|auf verkauf*|#|euro|angebot|liefer*|vorrat|verkaufen|preis|qualität|lager|haustür|haustuer|preise|kaufen|abzugeben|verfügbar"), TALK),
    but(row(De, &ILLEGAL_SALE, 4, "verkauf*|biete|besorg*|hab|habe|kauf*|brauchst|liefer*|suchst waffe|waffen|pistole|knarre|glock|schusswaffe|schusswaffen|munition|gewehr|schalldämpfer|kalaschnikow|knarren|scharfe ohne|unregistriert|illegal|papiere|schein|waffenschein|billig|günstig|guenstig|gunstig|waffen|pistole|seriennummer|diskret|bar|darknet|scharf"), "nerf paintball museum softair"),
    row(De, &ILLEGAL_SALE, 3, "verkauf*|biete|besorg*|mach|mache|liefer*|kauf*|brauchst|erstelle|bestell* gefälschte*|gefaelschte*|gefalschte*|falsche|falschen|geklaute|gestohlene|geklonte|falschgeld|blüten pass|pässe|paesse|passe|ausweis*|führerschein*|fuehrerschein*|fuhrerschein*|scheine|karten|kreditkarten|reisepass|reisepässe|falschgeld|impfpass*|#|diplome|geldscheine|diskret|günstig|perso|personalausweis"),
    row(De, &ILLEGAL_SALE, 3, "gefälschte*|gefaelschte*|gefalschte*|falsche|geklaute|gestohlene|falschgeld|geklonte pass|pässe|paesse|passe|ausweis*|führerschein*|fuehrerschein*|fuhrerschein*|scheine|kreditkarten|reisepass|reisepässe|zu|zum|impfpass*|karten zu|günstig|guenstig|gunstig|verkauf*|#|kaufen|abzugeben|lieferung|bestell*|versand|diskret|anonym"),
    but(row(Es, &ILLEGAL_SALE, 4, "vendo|vendemos|vende|tengo|paso|reparto|compro|entrego|ofrezco|consigo|quieres|necesitas|llevo|venta|hay coca|cocaina|cocaína|maria|marihuana|hierba|mdma|extasis|éxtasis|speed|cristal|heroina|heroína|lsd|keta|ketamina|setas|hachis|hachís|pastillas|farlopa|perico|weed|meta|costo|tusi|popper|chocolate|xanax|pirulas|pasti gramo|gramos|=g|barato|barata|entrega|precio|precios|#|domicilio|calidad|envio|envío|discreto|pura|bueno|buena|euros|hoy|oferta|baratas|escribe|mandame|reparto|a|envios|discreta|rapido|rica"), TALK),
    but(row(Es, &ILLEGAL_SALE, 4, "coca|cocaina|cocaína|marihuana|hierba|mdma|extasis|éxtasis|speed|cristal|heroina|heroína|lsd|keta|ketamina|hachis|hachís|pastillas|farlopa|perico|tusi a|en|el|por|de|la|muy|para gramo|venta|domicilio|#|vender|calidad|barata|barato|oferta|pura|baratas|entrega|stock|precio"), TALK),
    but(row(Es, &ILLEGAL_SALE, 4, "vendo|vendemos|tengo|consigo|compro|ofrezco|quieres|necesitas|venta pistola|pistolas|arma|armas|glock|fusil|municion|munición|revolver|escopeta|silenciador|granadas sin|ilegal|ilegales|licencia|papeles|registrar|barata|baratas|numero|discreta|discreto|fuego|precio|registro|serie|limpia"), "juguete paintball museo airsoft"),
    row(Es, &ILLEGAL_SALE, 3, "vendo|vendemos|hago|consigo|compro|ofrezco|tengo|hacemos|necesitas pasaporte*|dni|carnet|carnets|licencias|billetes|tarjetas|documentos|visados|titulos|titulo|nie falso|falsos|falsas|falsa|clonadas|robadas|robados|clonados|falsificado*|falsificada*"),
    row(Es, &ILLEGAL_SALE, 3, "pasaporte*|dni|carnet|carnets|licencias|billetes|tarjetas|documentos|visados falso|falsos|falsas|clonadas|robadas|falsificado*|falsificada* #|baratos|entrega|barato|baratas|calidad|precio|envio|venta|domicilio"),
];
