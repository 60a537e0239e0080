<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
    <context>
        <name>AstroLoc</name>
        <message>
            <source>Blue Marble, about {size}</source>
            <translation>Blue Marble, etwa {size}</translation>
        </message>
        <message>
            <source>Blue Marble is on this computer now ({size}).</source>
            <translation>Blue Marble ist jetzt auf diesem Computer ({size}).</translation>
        </message>
        <message>
            <source>Cancelled.</source>
            <translation>Abgebrochen.</translation>
        </message>
        <message>
            <source>Pictures of the candidates</source>
            <translation>Bilder der Kandidaten</translation>
        </message>
        <message>
            <source>The photo is being read: it is placed as soon as that is done.</source>
            <translation>Das Foto wird gerade gelesen: Danach wird es sofort platziert.</translation>
        </message>
        <message>
            <source>The map shows no ground in its middle: move it first.</source>
            <translation>In der Mitte der Karte ist kein Boden: erst die Karte verschieben.</translation>
        </message>
        <message>
            <source>Place by hand</source>
            <translation>Von Hand platzieren</translation>
        </message>
        <message>
            <source>Accept</source>
            <translation>Annehmen</translation>
        </message>
        <message>
            <source>rejected</source>
            <translation>verworfen</translation>
        </message>
        <message>
            <source>Reject</source>
            <translation>Verwerfen</translation>
        </message>
        <message>
            <source>The tie points that are on say nothing about where the photo lies.</source>
            <translation>Die eingeschalteten Passpunkte sagen nicht, wo das Foto liegt.</translation>
        </message>
        <message>
            <source>Fit to the tie points</source>
            <translation>An die Passpunkte anpassen</translation>
        </message>
        <message>
            <source>Reject a candidate</source>
            <translation>Kandidaten streichen</translation>
        </message>
        <message>
            <source>none of the candidates</source>
            <translation>keiner der Kandidaten</translation>
        </message>
        <message>
            <source>None of the candidates</source>
            <translation>Keiner der Kandidaten</translation>
        </message>
        <message>
            <source>Control points</source>
            <translation>Passpunkte</translation>
        </message>
        <message>
            <source>Read {file}</source>
            <translation>{file} lesen</translation>
        </message>
        <message>
            <source>{n} points in {file} lie where their CRS is not defined: they are left out.</source>
            <translation>{n} Punkte in {file} liegen dort, wo ihr KBS nicht definiert ist: Sie werden weggelassen.</translation>
        </message>
        <message>
            <source>Edit the footprint</source>
            <translation>Umriss bearbeiten</translation>
        </message>
        <message>
            <source>Discard edits of the footprint</source>
            <translation>Änderungen des Umrisses verwerfen</translation>
        </message>
        <message>
            <source>Nudge the photo</source>
            <translation>Foto schubsen</translation>
        </message>
        <message>
            <source>Turn or scale the photo</source>
            <translation>Foto drehen oder skalieren</translation>
        </message>
        <message>
            <source>Drag: move the photo (arrow keys: one pixel at a time)</source>
            <translation>Ziehen: Foto verschieben (Pfeiltasten: je ein Pixel)</translation>
        </message>
        <message>
            <source>Drag: turn the photo (Shift: in steps of 15 degrees)</source>
            <translation>Ziehen: Foto drehen (Umschalt: in Schritten von 15 Grad)</translation>
        </message>
        <message>
            <source>Drag: scale the photo about its middle</source>
            <translation>Ziehen: Foto um seine Mitte skalieren</translation>
        </message>
        <message>
            <source>Drag: move this corner (Ctrl: scale about the middle)</source>
            <translation>Ziehen: diese Ecke verschieben (Strg: um die Mitte skalieren)</translation>
        </message>
        <message>
            <source>Move the photo</source>
            <translation>Foto verschieben</translation>
        </message>
        <message>
            <source>Turn the photo</source>
            <translation>Foto drehen</translation>
        </message>
        <message>
            <source>Move a corner</source>
            <translation>Ecke verschieben</translation>
        </message>
        <message>
            <source>Scale the photo</source>
            <translation>Foto skalieren</translation>
        </message>
        <message>
            <source>Now click the same place on the map (Esc: another point)</source>
            <translation>Jetzt dieselbe Stelle auf der Karte anklicken (Esc: anderer Punkt)</translation>
        </message>
        <message>
            <source>Click a place in the photo, on the map or in the photo's own window</source>
            <translation>Eine Stelle im Foto anklicken, auf der Karte oder im Fenster des Fotos</translation>
        </message>
        <message>
            <source>Drag: move it; right click: on or off; Delete: take it away</source>
            <translation>Ziehen: verschieben; Rechtsklick: ein oder aus; Entf: löschen</translation>
        </message>
        <message>
            <source>Reading the photo…</source>
            <translation>Das Foto wird gelesen…</translation>
        </message>
        <message>
            <source>Choose a photo in the AstroLoc list to work on it.</source>
            <translation>In der AstroLoc-Liste ein Foto wählen, um daran zu arbeiten.</translation>
        </message>
        <message>
            <source>AstroLoc desk</source>
            <translation>AstroLoc-Arbeitstisch</translation>
        </message>
        <message>
            <source>Place here</source>
            <translation>Hier platzieren</translation>
        </message>
        <message>
            <source>Put the photo in the middle of the map, to be moved by hand</source>
            <translation>Das Foto in die Mitte der Karte legen, um es von Hand zu verschieben</translation>
        </message>
        <message>
            <source>Correct</source>
            <translation>Korrigieren</translation>
        </message>
        <message>
            <source>Drag the photo on the map: inside to move it, corners, edges to scale, the stalk to turn it</source>
            <translation>Das Foto auf der Karte ziehen: innen verschieben, an Ecken verzerren, an Kanten skalieren, am Stiel drehen</translation>
        </message>
        <message>
            <source>Tie points</source>
            <translation>Passpunkte</translation>
        </message>
        <message>
            <source>Set, move, switch off and delete tie points: first a place in the photo, then the same on the map</source>
            <translation>Passpunkte setzen, verschieben, abschalten und löschen: erst eine Stelle im Foto, dann dieselbe auf der Karte</translation>
        </message>
        <message>
            <source>Undo</source>
            <translation>Rückgängig</translation>
        </message>
        <message>
            <source>Redo</source>
            <translation>Wiederholen</translation>
        </message>
        <message>
            <source>Refine from here</source>
            <translation>Von hier verfeinern</translation>
        </message>
        <message>
            <source>Let the engine match the photo with the reference, starting from where it lies now</source>
            <translation>Das Foto mit der Referenz abgleichen lassen, ausgehend von seiner jetzigen Lage</translation>
        </message>
        <message>
            <source>Fit</source>
            <translation>Anpassen</translation>
        </message>
        <message>
            <source>Put the photo where its tie points say, by least squares</source>
            <translation>Das Foto dorthin legen, wohin seine Passpunkte es legen (kleinste Quadrate)</translation>
        </message>
        <message>
            <source>Read tie points from a .points file of the Georeferencer</source>
            <translation>Passpunkte aus einer .points-Datei des Georeferenzierers lesen</translation>
        </message>
        <message>
            <source>The photo lies right: accept it and bring its files up to date</source>
            <translation>Das Foto liegt richtig: annehmen und seine Dateien aktualisieren</translation>
        </message>
        <message>
            <source>The photo is not there: take it off the map; it can be undone</source>
            <translation>Das Foto liegt nicht dort: von der Karte nehmen; lässt sich rückgängig machen</translation>
        </message>
        <message>
            <source>Export…</source>
            <translation>Export…</translation>
        </message>
        <message>
            <source>Write GeoTIFF, footprint, tie points, report and more</source>
            <translation>GeoTIFF, Umriss, Passpunkte, Bericht und mehr schreiben</translation>
        </message>
        <message>
            <source>Candidates</source>
            <translation>Kandidaten</translation>
        </message>
        <message>
            <source>Compare</source>
            <translation>Vergleich</translation>
        </message>
        <message>
            <source>Photo</source>
            <translation>Foto</translation>
        </message>
        <message>
            <source>History</source>
            <translation>Verlauf</translation>
        </message>
        <message>
            <source>{n} tie points, off by {px:.1f} px, {m:.0f} m</source>
            <translation>{n} Passpunkte, Fehler {px:.1f} px, {m:.0f} m</translation>
        </message>
        <message>
            <source>Files brought up to date</source>
            <translation>Dateien aktualisiert</translation>
        </message>
        <message>
            <source>The files of {name} are up to date.</source>
            <translation>Die Dateien von {name} sind aktuell.</translation>
        </message>
        <message>
            <source>Export to {folder}</source>
            <translation>Export nach {folder}</translation>
        </message>
        <message>
            <source>The name “{template}” has a brace without its other half.</source>
            <translation>Im Namen „{template}“ fehlt zu einer Klammer die andere.</translation>
        </message>
        <message>
            <source>There is no {field} for names: there are {known}.</source>
            <translation>Für Namen gibt es kein {field}: Es gibt {known}.</translation>
        </message>
        <message>
            <source>The name is empty: give at least {name}.</source>
            <translation>Der Name ist leer: wenigstens {name} angeben.</translation>
        </message>
        <message>
            <source>Two photos would be written to {name}: put {field} into the template.</source>
            <translation>Zwei Fotos würden nach {name} geschrieben: {field} in die Vorlage setzen.</translation>
        </message>
        <message>
            <source>All files</source>
            <translation>Alle Dateien</translation>
        </message>
        <message>
            <source>Rank</source>
            <translation>Rang</translation>
        </message>
        <message>
            <source>Place</source>
            <translation>Ort</translation>
        </message>
        <message>
            <source>Score</source>
            <translation>Wert</translation>
        </message>
        <message>
            <source>Inliers</source>
            <translation>Inlier</translation>
        </message>
        <message>
            <source>Confidence</source>
            <translation>Konfidenz</translation>
        </message>
        <message>
            <source>Verdict</source>
            <translation>Urteil</translation>
        </message>
        <message>
            <source>Where the photo may be, best first; a click shows the place on the map</source>
            <translation>Wo das Foto liegen kann, das Wahrscheinlichste zuerst; ein Klick zeigt den Ort auf der Karte</translation>
        </message>
        <message>
            <source>Refine this one</source>
            <translation>Diesen verfeinern</translation>
        </message>
        <message>
            <source>Match the photo with the reference at this place</source>
            <translation>Das Foto an diesem Ort mit der Referenz abgleichen</translation>
        </message>
        <message>
            <source>Not this one</source>
            <translation>Dieser nicht</translation>
        </message>
        <message>
            <source>Strike this candidate out; it can be undone</source>
            <translation>Diesen Kandidaten streichen; lässt sich rückgängig machen</translation>
        </message>
        <message>
            <source>None of these</source>
            <translation>Keiner davon</translation>
        </message>
        <message>
            <source>The photo shows none of these places</source>
            <translation>Das Foto zeigt keinen dieser Orte</translation>
        </message>
        <message>
            <source>Choose a candidate to see it.</source>
            <translation>Einen Kandidaten wählen, um ihn zu sehen.</translation>
        </message>
        <message>
            <source>Localize the photo: its candidates come here.</source>
            <translation>Das Foto lokalisieren: Seine Kandidaten erscheinen hier.</translation>
        </message>
        <message>
            <source>not tried</source>
            <translation>nicht versucht</translation>
        </message>
        <message>
            <source>matches</source>
            <translation>passt</translation>
        </message>
        <message>
            <source>does not match</source>
            <translation>passt nicht</translation>
        </message>
        <message>
            <source>How much of the reference shines through the photo</source>
            <translation>Wie stark die Referenz durch das Foto scheint</translation>
        </message>
        <message>
            <source>Where the photo ends and the reference begins</source>
            <translation>Wo das Foto endet und die Referenz beginnt</translation>
        </message>
        <message>
            <source>Brightness of the photo, on the map and in its window</source>
            <translation>Helligkeit des Fotos, auf der Karte und in seinem Fenster</translation>
        </message>
        <message>
            <source>Contrast of the photo, on the map and in its window</source>
            <translation>Kontrast des Fotos, auf der Karte und in seinem Fenster</translation>
        </message>
        <message>
            <source>Overlay</source>
            <translation>Überlagern</translation>
        </message>
        <message>
            <source>The photo over the reference, as opaque as the slider says</source>
            <translation>Das Foto über der Referenz, so deckend wie eingestellt</translation>
        </message>
        <message>
            <source>Swipe</source>
            <translation>Wischen</translation>
        </message>
        <message>
            <source>The photo on the left of a line, the reference on the right</source>
            <translation>Links einer Linie das Foto, rechts die Referenz</translation>
        </message>
        <message>
            <source>Blink</source>
            <translation>Blinken</translation>
        </message>
        <message>
            <source>Photo and reference in turn: what is off jumps</source>
            <translation>Foto und Referenz im Wechsel: Was nicht passt, springt</translation>
        </message>
        <message>
            <source>Edges</source>
            <translation>Kanten</translation>
        </message>
        <message>
            <source>Only the photo's edges, over the reference</source>
            <translation>Nur die Kanten des Fotos, über der Referenz</translation>
        </message>
        <message>
            <source>{factor} times</source>
            <translation>{factor}-fach</translation>
        </message>
        <message>
            <source>How much longer than they are the residual arrows are drawn</source>
            <translation>Wievielfach verlängert die Restfehler gezeichnet werden</translation>
        </message>
        <message>
            <source>Reset</source>
            <translation>Zurücksetzen</translation>
        </message>
        <message>
            <source>Show the photo as it is again</source>
            <translation>Das Foto wieder zeigen, wie es ist</translation>
        </message>
        <message>
            <source>Opacity</source>
            <translation>Deckkraft</translation>
        </message>
        <message>
            <source>Brightness</source>
            <translation>Helligkeit</translation>
        </message>
        <message>
            <source>Contrast</source>
            <translation>Kontrast</translation>
        </message>
        <message>
            <source>Residual arrows</source>
            <translation>Restfehler</translation>
        </message>
        <message>
            <source>The point on Earth below the ISS when the photo was taken: the search begins there. The height of the ISS in km may follow.</source>
            <translation>Der Punkt auf der Erde unter der ISS zum Zeitpunkt der Aufnahme: Dort beginnt die Suche. Die Höhe der ISS in km darf folgen.</translation>
        </message>
        <message>
            <source>The point on Earth in the middle of the photo, if roughly known: only its surroundings are searched</source>
            <translation>Der Punkt auf der Erde in der Mitte des Fotos, falls ungefähr bekannt: Nur seine Umgebung wird durchsucht</translation>
        </message>
        <message>
            <source>CSV…</source>
            <translation>CSV…</translation>
        </message>
        <message>
            <source>Read nadir and centre of all photos from a table of NASA's metadata</source>
            <translation>Nadir und Mitte aller Fotos aus einer Metadatentabelle der NASA lesen</translation>
        </message>
        <message>
            <source>TLE…</source>
            <translation>TLE…</translation>
        </message>
        <message>
            <source>Compute the nadir from the photo's time and orbital elements</source>
            <translation>Den Nadir aus der Aufnahmezeit und Bahnelementen berechnen</translation>
        </message>
        <message>
            <source>Whole index</source>
            <translation>Ganzer Index</translation>
        </message>
        <message>
            <source>Nadir first, then whole index</source>
            <translation>Erst der Nadir, dann der ganze Index</translation>
        </message>
        <message>
            <source>Only about the nadir</source>
            <translation>Nur um den Nadir</translation>
        </message>
        <message>
            <source>About the centre</source>
            <translation>Um die Mitte</translation>
        </message>
        <message>
            <source>Map view or selected polygon</source>
            <translation>Kartenausschnitt oder gewähltes Polygon</translation>
        </message>
        <message>
            <source>Where the index is searched for this photo</source>
            <translation>Wo im Index nach diesem Foto gesucht wird</translation>
        </message>
        <message>
            <source> km</source>
            <translation> km</translation>
        </message>
        <message>
            <source>How far from the nadir or the centre is searched; the ISS sees about 2,300 km</source>
            <translation>Wie weit um den Nadir oder die Mitte gesucht wird; die ISS sieht etwa 2.300 km weit</translation>
        </message>
        <message>
            <source>Nadir</source>
            <translation>Nadir</translation>
        </message>
        <message>
            <source>Centre</source>
            <translation>Mitte</translation>
        </message>
        <message>
            <source>Search</source>
            <translation>Suche</translation>
        </message>
        <message>
            <source>Give the nadir first: type it, click it on the map, or read it from a file.</source>
            <translation>Erst den Nadir angeben: eintippen, auf der Karte anklicken oder aus einer Datei lesen.</translation>
        </message>
        <message>
            <source>Give the centre first: type it, click it on the map, or read it from a file.</source>
            <translation>Geben Sie zuerst die Mitte an: durch Eintippen, einen Klick auf die Karte oder aus einer Datei.</translation>
        </message>
        <message>
            <source>latitude, longitude</source>
            <translation>Breite, Länge</translation>
        </message>
        <message>
            <source>Click the point on the map</source>
            <translation>Den Punkt auf der Karte anklicken</translation>
        </message>
        <message>
            <source>Export photos</source>
            <translation>Fotos exportieren</translation>
        </message>
        <message>
            <source>{name}</source>
            <translation>{name}</translation>
        </message>
        <message>
            <source>All accepted photos ({n})</source>
            <translation>Alle angenommenen Fotos ({n})</translation>
        </message>
        <message>
            <source>All photos that lie somewhere ({n})</source>
            <translation>Alle platzierten Fotos ({n})</translation>
        </message>
        <message>
            <source>Which photos are written</source>
            <translation>Welche Fotos geschrieben werden</translation>
        </message>
        <message>
            <source>What</source>
            <translation>Was</translation>
        </message>
        <message>
            <source>Rasters</source>
            <translation>Raster</translation>
        </message>
        <message>
            <source>The coordinate reference system of GeoTIFF, COG and uncertainty</source>
            <translation>Das Koordinatensystem von GeoTIFF, COG und Unsicherheit</translation>
        </message>
        <message>
            <source>the photo's own</source>
            <translation>die des Fotos</translation>
        </message>
        <message>
            <source>Size of a pixel in units of the coordinate reference system</source>
            <translation>Größe eines Pixels in Einheiten des Koordinatensystems</translation>
        </message>
        <message>
            <source>cubic</source>
            <translation>kubisch</translation>
        </message>
        <message>
            <source>bilinear</source>
            <translation>bilinear</translation>
        </message>
        <message>
            <source>nearest</source>
            <translation>nächster Nachbar</translation>
        </message>
        <message>
            <source>Lanczos</source>
            <translation>Lanczos</translation>
        </message>
        <message>
            <source>How pixels are computed; nearest keeps values as they are</source>
            <translation>Wie Pixel berechnet werden; nächster Nachbar lässt die Werte, wie sie sind</translation>
        </message>
        <message>
            <source>none</source>
            <translation>keine</translation>
        </message>
        <message>
            <source>All are lossless; Deflate is read everywhere</source>
            <translation>Alle sind verlustfrei; Deflate wird überall gelesen</translation>
        </message>
        <message>
            <source>as in the photo</source>
            <translation>wie im Foto</translation>
        </message>
        <message>
            <source>8 bits</source>
            <translation>8 Bit</translation>
        </message>
        <message>
            <source>A photo of 16 bits can be stretched to 8</source>
            <translation>Ein Foto mit 16 Bit kann auf 8 gestreckt werden</translation>
        </message>
        <message>
            <source>alpha band</source>
            <translation>Alphakanal</translation>
        </message>
        <message>
            <source>nodata (0)</source>
            <translation>Nodata (0)</translation>
        </message>
        <message>
            <source>How a raster says where there is no photo</source>
            <translation>Wie ein Raster sagt, wo kein Foto ist</translation>
        </message>
        <message>
            <source>Overviews</source>
            <translation>Übersichten</translation>
        </message>
        <message>
            <source>Smaller copies inside the GeoTIFF: it draws fast at any scale</source>
            <translation>Kleinere Kopien im GeoTIFF: So wird es in jedem Maßstab schnell gezeichnet</translation>
        </message>
        <message>
            <source>CRS</source>
            <translation>KBS</translation>
        </message>
        <message>
            <source>Pixel size</source>
            <translation>Pixelgröße</translation>
        </message>
        <message>
            <source>Resampling</source>
            <translation>Abtastung</translation>
        </message>
        <message>
            <source>Compression</source>
            <translation>Kompression</translation>
        </message>
        <message>
            <source>Depth</source>
            <translation>Tiefe</translation>
        </message>
        <message>
            <source>Outside the photo</source>
            <translation>Außerhalb des Fotos</translation>
        </message>
        <message>
            <source>Fields: {fields}</source>
            <translation>Felder: {fields}</translation>
        </message>
        <message>
            <source>Export</source>
            <translation>Exportieren</translation>
        </message>
        <message>
            <source>Photos</source>
            <translation>Fotos</translation>
        </message>
        <message>
            <source>Folder</source>
            <translation>Ordner</translation>
        </message>
        <message>
            <source>Names</source>
            <translation>Namen</translation>
        </message>
        <message>
            <source>Choose a folder.</source>
            <translation>Einen Ordner wählen.</translation>
        </message>
        <message>
            <source>Choose at least one thing to write.</source>
            <translation>Mindestens eine Ausgabe wählen.</translation>
        </message>
        <message>
            <source> and {n} more</source>
            <translation> und {n} weitere</translation>
        </message>
        <message>
            <source>For example {name}.tif</source>
            <translation>Zum Beispiel {name}.tif</translation>
        </message>
        <message>
            <source>GeoTIFF</source>
            <translation>GeoTIFF</translation>
        </message>
        <message>
            <source>The photo warped to the map, tiled and compressed</source>
            <translation>Das auf die Karte entzerrte Foto, gekachelt und komprimiert</translation>
        </message>
        <message>
            <source>Cloud-optimised GeoTIFF</source>
            <translation>Cloud-optimiertes GeoTIFF</translation>
        </message>
        <message>
            <source>The same for the web: read in parts over a network</source>
            <translation>Dasselbe fürs Web: über ein Netz stückweise lesbar</translation>
        </message>
        <message>
            <source>Untouched photo</source>
            <translation>Unverändertes Foto</translation>
        </message>
        <message>
            <source>The photo's own pixels, with its tie points in the file's header</source>
            <translation>Die Pixel des Fotos selbst, mit den Passpunkten im Kopf der Datei</translation>
        </message>
        <message>
            <source>World file</source>
            <translation>World-Datei</translation>
        </message>
        <message>
            <source>Six numbers beside the GeoTIFF, for programs that read no tags</source>
            <translation>Sechs Zahlen neben dem GeoTIFF, für Programme, die keine Tags lesen</translation>
        </message>
        <message>
            <source>VRT</source>
            <translation>VRT</translation>
        </message>
        <message>
            <source>A small file that makes GDAL and QGIS warp the photo as they open it</source>
            <translation>Eine kleine Datei, mit der GDAL und QGIS das Foto beim Öffnen entzerren</translation>
        </message>
        <message>
            <source>Uncertainty</source>
            <translation>Unsicherheit</translation>
        </message>
        <message>
            <source>A raster of the error in metres; it needs six tie points</source>
            <translation>Ein Raster des Fehlers in Metern; braucht sechs Passpunkte</translation>
        </message>
        <message>
            <source>Footprint: GeoPackage</source>
            <translation>Umriss: GeoPackage</translation>
        </message>
        <message>
            <source>The outline on the ground, with attributes</source>
            <translation>Der Umriss am Boden, mit Attributen</translation>
        </message>
        <message>
            <source>Footprint: GeoJSON</source>
            <translation>Umriss: GeoJSON</translation>
        </message>
        <message>
            <source>The outline for the web</source>
            <translation>Der Umriss fürs Web</translation>
        </message>
        <message>
            <source>Footprint: KML</source>
            <translation>Umriss: KML</translation>
        </message>
        <message>
            <source>The outline for globes</source>
            <translation>Der Umriss für Globen</translation>
        </message>
        <message>
            <source>Footprint: Shapefile</source>
            <translation>Umriss: Shapefile</translation>
        </message>
        <message>
            <source>The outline for older programs</source>
            <translation>Der Umriss für ältere Programme</translation>
        </message>
        <message>
            <source>Control points (.points)</source>
            <translation>Passpunkte (.points)</translation>
        </message>
        <message>
            <source>The tie points as QGIS's Georeferencer reads them</source>
            <translation>Die Passpunkte, wie der Georeferenzierer von QGIS sie liest</translation>
        </message>
        <message>
            <source>Metadata (JSON)</source>
            <translation>Metadaten (JSON)</translation>
        </message>
        <message>
            <source>Everything that is needed to do it again</source>
            <translation>Alles, was man braucht, um es zu wiederholen</translation>
        </message>
        <message>
            <source>STAC item</source>
            <translation>STAC-Item</translation>
        </message>
        <message>
            <source>For catalogues of imagery</source>
            <translation>Für Bildkataloge</translation>
        </message>
        <message>
            <source>Report (PDF)</source>
            <translation>Bericht (PDF)</translation>
        </message>
        <message>
            <source>One page with map, photo, tie points and errors</source>
            <translation>Eine Seite mit Karte, Foto, Passpunkten und Fehlern</translation>
        </message>
        <message>
            <source>When</source>
            <translation>Wann</translation>
        </message>
        <message>
            <source>What was done to this photo; it is kept with the project</source>
            <translation>Was mit diesem Foto gemacht wurde; wird mit dem Projekt aufbewahrt</translation>
        </message>
        <message>
            <source>The photo as it was taken: the wheel zooms, dragging moves it</source>
            <translation>Das Foto, wie es aufgenommen wurde: Das Rad zoomt, Ziehen verschiebt es</translation>
        </message>
        <message>
            <source>A tick switches a tie point on or off; Delete takes it away; a double click shows it</source>
            <translation>Ein Haken schaltet einen Passpunkt ein oder aus; Entf löscht ihn; ein Doppelklick zeigt ihn</translation>
        </message>
        <message>
            <source>No tie points yet: press Tie points, click a place in the photo, then the same place on the map.</source>
            <translation>Noch keine Passpunkte: auf „Passpunkte“ drücken, im Foto auf eine Stelle klicken, dann auf dieselbe in der Karte.</translation>
        </message>
        <message>
            <source>On</source>
            <translation>Ein</translation>
        </message>
        <message>
            <source>No.</source>
            <translation>Nr.</translation>
        </message>
        <message>
            <source>Photo x</source>
            <translation>Foto x</translation>
        </message>
        <message>
            <source>Photo y</source>
            <translation>Foto y</translation>
        </message>
        <message>
            <source>Longitude</source>
            <translation>Länge</translation>
        </message>
        <message>
            <source>Latitude</source>
            <translation>Breite</translation>
        </message>
        <message>
            <source>Off by (px)</source>
            <translation>Fehler (px)</translation>
        </message>
        <message>
            <source>Off by (m)</source>
            <translation>Fehler (m)</translation>
        </message>
        <message>
            <source>Set by</source>
            <translation>Gesetzt von</translation>
        </message>
        <message>
            <source>you</source>
            <translation>Ihnen</translation>
        </message>
        <message>
            <source>the machine</source>
            <translation>der Maschine</translation>
        </message>
        <message>
            <source>Nothing to export yet: localize a photo, or place one by hand.</source>
            <translation>Noch nichts zu exportieren: ein Foto lokalisieren oder von Hand platzieren.</translation>
        </message>
        <message>
            <source>{n} photos are exported to {folder}.</source>
            <translation>{n} Fotos sind nach {folder} exportiert.</translation>
        </message>
        <message>
            <source>{name} is in {folder}.</source>
            <translation>{name} liegt in {folder}.</translation>
        </message>
        <message>
            <source>Table of metadata</source>
            <translation>Metadatentabelle</translation>
        </message>
        <message>
            <source>Orbital elements</source>
            <translation>Bahnelemente</translation>
        </message>
        <message>
            <source>Change the nadir</source>
            <translation>Nadir ändern</translation>
        </message>
        <message>
            <source>Change the centre</source>
            <translation>Mitte ändern</translation>
        </message>
        <message>
            <source>Change the search area</source>
            <translation>Suchgebiet ändern</translation>
        </message>
        <message>
            <source>The map shows more than the Earth: zoom in first.</source>
            <translation>Die Karte zeigt mehr als die Erde: erst hineinzoomen.</translation>
        </message>
        <message>
            <source>{file} knows {n} of the photos.</source>
            <translation>{file} kennt {n} der Fotos.</translation>
        </message>
        <message>
            <source>{file} names none of the photos on the list.</source>
            <translation>{file} nennt keines der Fotos der Liste.</translation>
        </message>
        <message>
            <source>{file} has no places of photos.</source>
            <translation>{file} enthält keine Orte von Fotos.</translation>
        </message>
        <message>
            <source>{problem} {n} more rows could not be read.</source>
            <translation>{problem} {n} weitere Zeilen konnten nicht gelesen werden.</translation>
        </message>
        <message>
            <source>{name} does not say when it was taken.</source>
            <translation>{name} sagt nicht, wann es aufgenommen wurde.</translation>
        </message>
        <message>
            <source>The orbital elements in {file} put the camera at a height of {km} km: are they the ISS's?</source>
            <translation>Nach den Bahnelementen in {file} war die Kamera {km} km hoch: Sind es die der ISS?</translation>
        </message>
        <message>
            <source>Nadir from orbital elements</source>
            <translation>Nadir aus Bahnelementen</translation>
        </message>
        <message>
            <source>{name} lies nowhere: there is nothing to report.</source>
            <translation>{name} liegt nirgends: Es gibt nichts zu berichten.</translation>
        </message>
        <message>
            <source>  ·  written by AstroLoc for QGIS</source>
            <translation>  ·  geschrieben von AstroLoc für QGIS</translation>
        </message>
        <message>
            <source>State</source>
            <translation>Zustand</translation>
        </message>
        <message>
            <source>RMS error</source>
            <translation>RMS-Fehler</translation>
        </message>
        <message>
            <source>Height of the camera</source>
            <translation>Höhe der Kamera</translation>
        </message>
        <message>
            <source>Matcher</source>
            <translation>Matcher</translation>
        </message>
        <message>
            <source>tie points</source>
            <translation>Passpunkte</translation>
        </message>
        <message>
            <source>by hand</source>
            <translation>von Hand</translation>
        </message>
        <message>
            <source>Placed by</source>
            <translation>Platziert durch</translation>
        </message>
        <message>
            <source>Written</source>
            <translation>Geschrieben</translation>
        </message>
        <message>
            <source>Add a tie point</source>
            <translation>Passpunkt hinzufügen</translation>
        </message>
        <message>
            <source>Switch a tie point</source>
            <translation>Passpunkt umschalten</translation>
        </message>
        <message>
            <source>Delete tie points</source>
            <translation>Passpunkte löschen</translation>
        </message>
        <message>
            <source>Move a tie point</source>
            <translation>Passpunkt verschieben</translation>
        </message>
        <message>
            <source>AstroLoc</source>
            <translation>AstroLoc</translation>
        </message>
        <message>
            <source>No photos there: AstroLoc reads {suffixes} and cameras' raw files.</source>
            <translation>Dort sind keine Fotos: AstroLoc liest {suffixes} und Rohdateien von Kameras.</translation>
        </message>
        <message>
            <source>Localize {n} photos</source>
            <translation>{n} Fotos verorten</translation>
        </message>
        <message>
            <source>Localize photo</source>
            <translation>Foto verorten</translation>
        </message>
        <message>
            <source>Find where the photo was taken and put it on the map</source>
            <translation>Finden, was das Foto zeigt, und es auf die Karte legen</translation>
        </message>
        <message>
            <source>To begin, add a photo.</source>
            <translation>Zuerst ein Foto hinzufügen.</translation>
        </message>
        <message>
            <source>Select the photos to localize again.</source>
            <translation>Die Fotos auswählen, die erneut verortet werden sollen.</translation>
        </message>
        <message>
            <source>Photos ({patterns})</source>
            <translation>Fotos ({patterns})</translation>
        </message>
        <message>
            <source>Add photos</source>
            <translation>Fotos hinzufügen</translation>
        </message>
        <message>
            <source>Add a folder of photos</source>
            <translation>Ordner mit Fotos hinzufügen</translation>
        </message>
        <message>
            <source>Files…</source>
            <translation>Dateien…</translation>
        </message>
        <message>
            <source>A folder…</source>
            <translation>Ein Ordner…</translation>
        </message>
        <message>
            <source>By NASA's photo number…</source>
            <translation>Nach NASA-Bildnummer…</translation>
        </message>
        <message>
            <source>A layer of the project</source>
            <translation>Ein Layer des Projekts</translation>
        </message>
        <message>
            <source>&amp;Add…</source>
            <translation>&amp;Laden…</translation>
        </message>
        <message>
            <source>Add photos to the list</source>
            <translation>Fotos in die Liste aufnehmen</translation>
        </message>
        <message>
            <source>&amp;Remove</source>
            <translation>&amp;Entfernen</translation>
        </message>
        <message>
            <source>Take the selected photos off the list; the files stay</source>
            <translation>Ausgewählte Fotos von der Liste nehmen; die Dateien bleiben</translation>
        </message>
        <message>
            <source>&amp;Photos</source>
            <translation>&amp;Fotos</translation>
        </message>
        <message>
            <source>R&amp;eference</source>
            <translation>&amp;Referenz</translation>
        </message>
        <message>
            <source>Finer re&amp;ference</source>
            <translation>&amp;Feinere Referenz</translation>
        </message>
        <message>
            <source>&amp;Index</source>
            <translation>&amp;Index</translation>
        </message>
        <message>
            <source>Re&amp;view and correct</source>
            <translation>&amp;Prüfen und korrigieren</translation>
        </message>
        <message>
            <source>Open the desk: look at the photo on the map, correct it, accept it, export it</source>
            <translation>Den Arbeitstisch öffnen: das Foto auf der Karte ansehen, korrigieren, annehmen, exportieren</translation>
        </message>
        <message>
            <source>Choose the reference imagery first: a raster layer, or a file.</source>
            <translation>Zuerst die Referenzbilder wählen: einen Rasterlayer oder eine Datei.</translation>
        </message>
        <message>
            <source>QGIS cannot open the reference {file}.</source>
            <translation>QGIS kann die Referenz {file} nicht öffnen.</translation>
        </message>
        <message>
            <source>The index is ready: now photos can be localized.</source>
            <translation>Der Index ist fertig: Jetzt lassen sich Fotos verorten.</translation>
        </message>
        <message>
            <source>Building the index</source>
            <translation>Index wird erstellt</translation>
        </message>
        <message>
            <source>Index folder</source>
            <translation>Indexordner</translation>
        </message>
        <message>
            <source>The folder of an index, or the address of an index service: what the photo is looked up in</source>
            <translation>Der Ordner eines Index oder die Adresse eines Indexdienstes: worin das Foto gesucht wird</translation>
        </message>
        <message>
            <source>The world: Blue Marble</source>
            <translation>Die Welt: Blue Marble</translation>
        </message>
        <message>
            <source>Choose a folder, or build one</source>
            <translation>Ordner wählen oder Index erstellen</translation>
        </message>
        <message>
            <source>&amp;Build index…</source>
            <translation>Er&amp;stellen…</translation>
        </message>
        <message>
            <source>Describe the reference imagery, block by block, so that photos can be found in it</source>
            <translation>Die Referenzbilder Block für Block beschreiben, damit Fotos darin zu finden sind</translation>
        </message>
        <message>
            <source>I&amp;ndexes…</source>
            <translation>I&amp;ndizes…</translation>
        </message>
        <message>
            <source>All indexes: on the map, resume, check, merge, install, delete</source>
            <translation>Alle Indizes: auf der Karte zeigen, fortsetzen, prüfen, zusammenführen, installieren, löschen</translation>
        </message>
        <message>
            <source>What photos are looked up in.</source>
            <translation>Darin werden die Fotos gesucht.</translation>
        </message>
        <message>
            <source>An index service: it is sent the photo's descriptors, never its pixels.</source>
            <translation>Ein Indexdienst: Er erhält die Deskriptoren des Fotos, nie seine Pixel.</translation>
        </message>
        <message>
            <source>{blocks} blocks, zooms {zooms}</source>
            <translation>{blocks} Blöcke, Zoomstufen {zooms}</translation>
        </message>
        <message>
            <source>Model: {}</source>
            <translation>Modell: {}</translation>
        </message>
        <message>
            <source>Imagery: {}</source>
            <translation>Bilder: {}</translation>
        </message>
        <message>
            <source>Build index</source>
            <translation>Index erstellen</translation>
        </message>
        <message>
            <source>An index is what photos are looked up in: the reference imagery, described block by block. Building takes seconds for a region and many minutes for a continent; it can be stopped and resumed.</source>
            <translation>In einem Index werden Fotos gesucht: Er beschreibt die Referenzbilder Block für Block. Ihn zu erstellen dauert für eine Region Sekunden, für einen Kontinent viele Minuten; es lässt sich anhalten und fortsetzen.</translation>
        </message>
        <message>
            <source>Sizes of the blocks: 9 is about 313 km at the equator, 10 is 156 km, 11 is 78 km, and so on to 14</source>
            <translation>Größen der Blöcke: 9 ist am Äquator etwa 313 km, 10 ist 156 km, 11 ist 78 km und so weiter bis 14</translation>
        </message>
        <message>
            <source>How blocks and photos are described; the first is right for nearly everything</source>
            <translation>Wie Blöcke und Fotos beschrieben werden; das erste passt fast immer</translation>
        </message>
        <message>
            <source>Everything with data</source>
            <translation>Alles mit Daten</translation>
        </message>
        <message>
            <source>Land and coasts</source>
            <translation>Land und Küsten</translation>
        </message>
        <message>
            <source>Open sea shows nothing that a photo could be recognised by</source>
            <translation>Das offene Meer zeigt nichts, woran ein Foto zu erkennen wäre</translation>
        </message>
        <message>
            <source>Smaller ones find a little less; exact is right up to a few hundred thousand blocks</source>
            <translation>Kleinere finden etwas weniger; genau ist richtig bis zu einigen Hunderttausend Blöcken</translation>
        </message>
        <message>
            <source>Keep what an update needs (1 kB a block)</source>
            <translation>Aufheben, was eine Aktualisierung braucht (1 kB je Block)</translation>
        </message>
        <message>
            <source>With it, “index update” on the command line describes only blocks whose imagery or area has changed</source>
            <translation>Damit beschreibt „index update“ auf der Befehlszeile nur Blöcke, deren Bilder oder Gebiet sich geändert haben</translation>
        </message>
        <message>
            <source>Build</source>
            <translation>Erstellen</translation>
        </message>
        <message>
            <source>Imagery</source>
            <translation>Bilder</translation>
        </message>
        <message>
            <source>&amp;Zooms</source>
            <translation>&amp;Zoomstufen</translation>
        </message>
        <message>
            <source>&amp;Extent</source>
            <translation>&amp;Ausdehnung</translation>
        </message>
        <message>
            <source>&amp;Blocks</source>
            <translation>&amp;Blöcke</translation>
        </message>
        <message>
            <source>&amp;Model</source>
            <translation>&amp;Modell</translation>
        </message>
        <message>
            <source>&amp;Storage</source>
            <translation>&amp;Speicherung</translation>
        </message>
        <message>
            <source>&amp;Folder</source>
            <translation>&amp;Ordner</translation>
        </message>
        <message>
            <source>Estimate</source>
            <translation>Schätzung</translation>
        </message>
        <message>
            <source>The zooms “{}” are not whole numbers.</source>
            <translation>Die Zoomstufen „{}“ sind keine ganzen Zahlen.</translation>
        </message>
        <message>
            <source>Give at least one zoom, from 1 to {}.</source>
            <translation>Mindestens eine Zoomstufe von 1 bis {} angeben.</translation>
        </message>
        <message>
            <source>Give an extent that is not empty.</source>
            <translation>Eine Ausdehnung angeben, die nicht leer ist.</translation>
        </message>
        <message>
            <source>Choose a folder for the index.</source>
            <translation>Einen Ordner für den Index wählen.</translation>
        </message>
        <message>
            <source>Photo number, such as ISS064-E-358</source>
            <translation>Fotonummer, etwa ISS064-E-358</translation>
        </message>
        <message>
            <source>NASA's photo number</source>
            <translation>Fotonummer der NASA</translation>
        </message>
        <message>
            <source>Fetch the photo from NASA</source>
            <translation>Das Foto von der NASA holen</translation>
        </message>
        <message>
            <source>Key for NASA's photo database, and what is sent</source>
            <translation>Schlüssel für die Bilddatenbank der NASA, und was gesendet wird</translation>
        </message>
        <message>
            <source>One number or several, then Enter: their largest pictures are fetched into {folder}</source>
            <translation>Eine oder mehrere Nummern, dann die Eingabetaste: Ihre größten Bilder werden nach {folder} geholt</translation>
        </message>
        <message>
            <source>Cancel ({done} of {total} at NASA)</source>
            <translation>Abbrechen ({done} von {total} bei der NASA)</translation>
        </message>
        <message>
            <source>Stop asking NASA; what has arrived stays</source>
            <translation>Nicht weiter bei der NASA fragen; was schon da ist, bleibt</translation>
        </message>
        <message>
            <source>Look up {n} photos at NASA</source>
            <translation>{n} Fotos bei der NASA nachschlagen</translation>
        </message>
        <message>
            <source>Look up at NASA</source>
            <translation>Bei der NASA nachschlagen</translation>
        </message>
        <message>
            <source>Ask NASA's photo database for nadir, centre, time and lens of all photos, by their numbers</source>
            <translation>In der Bilddatenbank der NASA Nadir, Mitte, Zeit und Brennweite aller Fotos anhand ihrer Nummern erfragen</translation>
        </message>
        <message>
            <source>None of the files has the name of a NASA photo, such as ISS064-E-358.jpg</source>
            <translation>Keine der Dateien heißt wie ein Foto der NASA, etwa ISS064-E-358.jpg</translation>
        </message>
        <message>
            <source>“{word}” is no number of a NASA photo: it looks like ISS064-E-358.</source>
            <translation>„{word}“ ist keine Fotonummer der NASA: Sie sieht aus wie ISS064-E-358.</translation>
        </message>
        <message>
            <source>NASA is being asked already: press Enter again when that is done.</source>
            <translation>Die NASA wird schon gefragt: danach noch einmal die Eingabetaste drücken.</translation>
        </message>
        <message>
            <source>{first} and {second} are {km} km apart: one of them is wrong.</source>
            <translation>{first} und {second} liegen {km} km auseinander: eines davon ist falsch.</translation>
        </message>
        <message>
            <source>Verify</source>
            <translation>Prüfen</translation>
        </message>
        <message>
            <source>Use</source>
            <translation>Verwenden</translation>
        </message>
        <message>
            <source>See whether the photo matches the reference there: the outline alone is not believed</source>
            <translation>Prüfen, ob das Foto dort zur Referenz passt: dem Umriss allein wird nicht geglaubt</translation>
        </message>
        <message>
            <source>Search about this point</source>
            <translation>Um diesen Punkt suchen</translation>
        </message>
        <message>
            <source>in use</source>
            <translation>in Gebrauch</translation>
        </message>
        <message>
            <source>Your nadir</source>
            <translation>Ihr Nadir</translation>
        </message>
        <message>
            <source>EXIF position</source>
            <translation>EXIF-Position</translation>
        </message>
        <message>
            <source>NASA's nadir</source>
            <translation>Nadir der NASA</translation>
        </message>
        <message>
            <source>NASA's centre</source>
            <translation>Bildmitte der NASA</translation>
        </message>
        <message>
            <source>NASA's machine outline</source>
            <translation>Maschineller Umriss der NASA</translation>
        </message>
        <message>
            <source>{km} km high</source>
            <translation>{km} km hoch</translation>
        </message>
        <message>
            <source>High oblique: the horizon is in view, and only the ground below it can be placed.</source>
            <translation>Stark geneigt: der Horizont ist im Bild, und nur der Boden darunter kann verortet werden.</translation>
        </message>
        <message>
            <source>NASA's photo database knows many photos: the point below the station, the centre, the time, the lens, and an outline that NASA's machine found.</source>
            <translation>Die Bilddatenbank der NASA kennt viele Fotos: den Punkt unter der Station, die Bildmitte, die Zeit, die Brennweite und einen Umriss, den eine Maschine der NASA gefunden hat.</translation>
        </message>
        <message>
            <source>Only the photos' numbers, such as ISS064-E-358, and your key go to eol.jsc.nasa.gov: no photo, no place, no name of a file.</source>
            <translation>Nur die Nummern der Fotos, etwa ISS064-E-358, und Ihr Schlüssel gehen an eol.jsc.nasa.gov: kein Foto, kein Ort, kein Dateiname.</translation>
        </message>
        <message>
            <source>as it is</source>
            <translation>wie bisher</translation>
        </message>
        <message>
            <source>How to get a key: it is free</source>
            <translation>Wie man einen Schlüssel bekommt: er ist kostenlos</translation>
        </message>
        <message>
            <source>&amp;Keep the key, encrypted, in QGIS's authentication database</source>
            <translation>Den Schlüssel verschlüsselt in QGIS' Authentifizierungsdatenbank &amp;behalten</translation>
        </message>
        <message>
            <source>QGIS's authentication database cannot be used: the key is forgotten when QGIS ends.</source>
            <translation>Die Authentifizierungsdatenbank von QGIS ist nicht nutzbar: der Schlüssel wird vergessen, wenn QGIS endet.</translation>
        </message>
        <message>
            <source>Then QGIS has you choose a master password, once for all that it keeps there. Else the key is forgotten when QGIS ends.</source>
            <translation>QGIS lässt Sie dann ein Hauptpasswort wählen, einmal für alles, was es dort aufbewahrt. Sonst wird der Schlüssel vergessen, wenn QGIS endet.</translation>
        </message>
        <message>
            <source>&amp;Look up photos as they are added</source>
            <translation>Fotos beim Hinzufügen &amp;nachschlagen</translation>
        </message>
        <message>
            <source>Allow</source>
            <translation>Erlauben</translation>
        </message>
        <message>
            <source>Forget the key</source>
            <translation>Schlüssel vergessen</translation>
        </message>
        <message>
            <source>Your &amp;key</source>
            <translation>Ihr &amp;Schlüssel</translation>
        </message>
        <message>
            <source>NASA's photo database does not have {numbers}: check the number.</source>
            <translation>Die Bilddatenbank der NASA hat {numbers} nicht: prüfen Sie die Nummer.</translation>
        </message>
        <message>
            <source>Pictures fetched from NASA: {n} of {total}.</source>
            <translation>Von der NASA geholte Bilder: {n} von {total}.</translation>
        </message>
        <message>
            <source>NASA knows {n} of {total} photos.</source>
            <translation>Die NASA kennt {n} von {total} Fotos.</translation>
        </message>
        <message>
            <source>Not: {numbers}.</source>
            <translation>Nicht: {numbers}.</translation>
        </message>
        <message>
            <source>Add by photo number</source>
            <translation>Nach Bildnummer hinzufügen</translation>
        </message>
        <message>
            <source>Photo numbers</source>
            <translation>Bildnummern</translation>
        </message>
        <message>
            <source>Folder for the pictures</source>
            <translation>Ordner für die Bilder</translation>
        </message>
        <message>
            <source>NASA's numbers of the photos, one or many: the largest pictures are fetched.</source>
            <translation>Nummern der NASA, eine oder viele: die größten Bilder werden geholt.</translation>
        </message>
        <message>
            <source>{n} photos</source>
            <translation>{n} Fotos</translation>
        </message>
        <message>
            <source>no photo number: {words}</source>
            <translation>keine Bildnummer: {words}</translation>
        </message>
        <message>
            <source>Fetch {n} photos</source>
            <translation>{n} Fotos holen</translation>
        </message>
        <message>
            <source>Fetch photo</source>
            <translation>Foto holen</translation>
        </message>
        <message>
            <source>Several matchers, cheap ones first</source>
            <translation>Mehrere Verfahren, die schnellen zuerst</translation>
        </message>
        <message>
            <source>real pairs: {right} right, {wrong} wrong</source>
            <translation>echte Paare: {right} richtige, {wrong} falsche</translation>
        </message>
        <message>
            <source>{pairs}; accepted from a confidence of {level} on</source>
            <translation>{pairs}; angenommen ab einer Konfidenz von {level}</translation>
        </message>
        <message>
            <source>Options</source>
            <translation>Optionen</translation>
        </message>
        <message>
            <source>The point on Earth below the ISS when the photo was taken, in degrees, if known: the search begins there. The height of the ISS in km may follow.</source>
            <translation>Der Punkt auf der Erde unter der ISS zum Zeitpunkt der Aufnahme, in Grad, falls bekannt: Dort beginnt die Suche. Die Höhe der ISS in km darf folgen.</translation>
        </message>
        <message>
            <source>automatic</source>
            <translation>automatisch</translation>
        </message>
        <message>
            <source>How points of the photo and of the reference are paired</source>
            <translation>Wie Punkte des Fotos und der Referenz einander zugeordnet werden</translation>
        </message>
        <message>
            <source>Search &amp;thoroughly</source>
            <translation>&amp;Gründlich suchen</translation>
        </message>
        <message>
            <source>Strong matchers search at four times as many places: for haze, snow and clouds</source>
            <translation>Starke Verfahren suchen an viermal so vielen Orten: für Dunst, Schnee und Wolken</translation>
        </message>
        <message>
            <source>Photos &amp;follow each other</source>
            <translation>Fotos &amp;folgen aufeinander</translation>
        </message>
        <message>
            <source>Several photos are localized together: those that one camera took one after the other are held against each other, and a photo of cloud or sea is placed by its neighbours. All results come at the end; Cancel stops all photos.</source>
            <translation>Mehrere Fotos werden zusammen lokalisiert: Was eine Kamera nacheinander aufgenommen hat, wird miteinander verglichen, und ein Foto von Wolken oder Meer wird nach seinen Nachbarn platziert. Alle Ergebnisse kommen am Ende; Abbrechen beendet alle Fotos.</translation>
        </message>
        <message>
            <source> s</source>
            <translation> s</translation>
        </message>
        <message>
            <source>no limit</source>
            <translation>keine Grenze</translation>
        </message>
        <message>
            <source>After so many seconds of matching a photo no further attempt begins</source>
            <translation>Nach so vielen Sekunden Vergleich für ein Foto beginnt kein weiterer Versuch</translation>
        </message>
        <message>
            <source>Output folder</source>
            <translation>Ausgabeordner</translation>
        </message>
        <message>
            <source>Where the georeferenced photo, its footprint and its tie points are written</source>
            <translation>Wohin das georeferenzierte Foto, sein Umriss und seine Verknüpfungspunkte geschrieben werden</translation>
        </message>
        <message>
            <source>&amp;Nadir</source>
            <translation>&amp;Nadir</translation>
        </message>
        <message>
            <source>&amp;Matcher</source>
            <translation>&amp;Matcher</translation>
        </message>
        <message>
            <source>&amp;Time limit</source>
            <translation>&amp;Zeitgrenze</translation>
        </message>
        <message>
            <source>&amp;Output</source>
            <translation>&amp;Ausgabe</translation>
        </message>
        <message>
            <source>{origin}: keep it or clear it</source>
            <translation>{origin}: behalten oder löschen</translation>
        </message>
        <message>
            <source>Options (nadir: {source})</source>
            <translation>Optionen (Nadir: {source})</translation>
        </message>
        <message>
            <source>Photos to localize: drop files or folders here; Delete takes the selected ones off the list</source>
            <translation>Fotos zum Verorten: Dateien oder Ordner hierher ziehen; Entf nimmt die ausgewählten von der Liste</translation>
        </message>
        <message>
            <source>Drop astronaut photos or a folder here,
or press Add…</source>
            <translation>Astronautenfotos oder Ordner
hierher ziehen oder Laden…</translation>
        </message>
        <message>
            <source>Progress</source>
            <translation>Fortschritt</translation>
        </message>
        <message>
            <source>&amp;Cancel</source>
            <translation>Ab&amp;brechen</translation>
        </message>
        <message>
            <source>Stop all photos of this job now</source>
            <translation>Alle Fotos dieses Auftrags sofort abbrechen</translation>
        </message>
        <message>
            <source>Stop now; photos that are done stay done</source>
            <translation>Jetzt anhalten; fertige Fotos bleiben fertig</translation>
        </message>
        <message>
            <source>starting the engine…</source>
            <translation>Engine starten…</translation>
        </message>
        <message>
            <source>stopping…</source>
            <translation>anhalten…</translation>
        </message>
        <message>
            <source>The index's own imagery</source>
            <translation>Bilder des Index</translation>
        </message>
        <message>
            <source>A file…</source>
            <translation>Eine Datei…</translation>
        </message>
        <message>
            <source>Reference imagery</source>
            <translation>Referenzbilder</translation>
        </message>
        <message>
            <source>The imagery to match the photo with: a raster layer of the project, a file, or what the index names</source>
            <translation>Die Bilder, mit denen das Foto abgeglichen wird: ein Rasterlayer des Projekts, eine Datei oder was der Index nennt</translation>
        </message>
        <message>
            <source>Any raster that GDAL opens</source>
            <translation>Jedes Raster, das GDAL öffnet</translation>
        </message>
        <message>
            <source>Finer reference</source>
            <translation>Feinere Referenz</translation>
        </message>
        <message>
            <source>Once a photo is found, it is refined on this imagery, if it shows more than the reference does. Where that fails, its place stays as it was found.</source>
            <translation>Ist ein Foto gefunden, wird seine Lage auf diesen Bildern verfeinert, wenn es mehr zeigt als die Referenz. Gelingt das nicht, bleibt sie, wie sie gefunden wurde.</translation>
        </message>
        <message>
            <source>None</source>
            <translation>Keine</translation>
        </message>
        <message>
            <source>{title}

Licence: {licence}
{url}

Credit, wherever you show it: {attribution}

Its tiles are fetched from this service about each photo; no photo is sent.</source>
            <translation>{title}

Lizenz: {licence}
{url}

Zu nennen, wo immer Sie es zeigen: {attribution}

Seine Kacheln werden von diesem Dienst um jedes Foto geholt; kein Foto wird gesendet.</translation>
        </message>
        <message>
            <source>Use this imagery?</source>
            <translation>Diese Bilder verwenden?</translation>
        </message>
        <message>
            <source>So that photos are found without internet: the world index's own imagery, about {size}</source>
            <translation>Damit Fotos ohne Internet gefunden werden: die Bilder des Weltindex, etwa {size}</translation>
        </message>
        <message>
            <source>&amp;Keep Blue Marble on this computer…</source>
            <translation>Blue Marble auf diesem Computer &amp;behalten…</translation>
        </message>
        <message>
            <source>Blue Marble is on this computer…</source>
            <translation>Blue Marble ist auf diesem Computer…</translation>
        </message>
        <message>
            <source>Blue Marble: {have} of about {size}…</source>
            <translation>Blue Marble: {have} von etwa {size}…</translation>
        </message>
        <message>
            <source>A file of Blue Marble</source>
            <translation>Eine Datei mit Blue Marble</translation>
        </message>
        <message>
            <source>MBTiles ({patterns})</source>
            <translation>MBTiles ({patterns})</translation>
        </message>
        <message>
            <source>Keep Blue Marble on this computer</source>
            <translation>Blue Marble auf diesem Computer behalten</translation>
        </message>
        <message>
            <source>The index of the world finds photos on NASA's Blue Marble. Without a copy its tiles are fetched while a photo is localized; with one no internet is needed.</source>
            <translation>Der Weltindex findet Fotos auf NASAs Blue Marble. Ohne Kopie werden dessen Kacheln geholt, während ein Foto verortet wird; mit einer Kopie ist kein Internet nötig.</translation>
        </message>
        <message>
            <source>Size: about {size}; {have} are there.</source>
            <translation>Größe: etwa {size}; {have} sind da.</translation>
        </message>
        <message>
            <source>Folder: {folder}</source>
            <translation>Ordner: {folder}</translation>
        </message>
        <message>
            <source>&amp;Download</source>
            <translation>&amp;Herunterladen</translation>
        </message>
        <message>
            <source>Use a &amp;file…</source>
            <translation>Eine &amp;Datei verwenden…</translation>
        </message>
        <message>
            <source>From NASA; Cancel stops it, and the next download goes on from there</source>
            <translation>Von der NASA; Abbrechen hält an, und das nächste Herunterladen geht dort weiter</translation>
        </message>
        <message>
            <source>An MBTiles file of Blue Marble that you have; it is checked and copied</source>
            <translation>Eine MBTiles-Datei mit Blue Marble, die Sie haben; sie wird geprüft und kopiert</translation>
        </message>
        <message>
            <source>Inde&amp;x finer imagery around its nadir…</source>
            <translation>Feinere Bilder um seinen Nadir inde&amp;xieren…</translation>
        </message>
        <message>
            <source>{name} is too narrow for this index: about {km} km wide.</source>
            <translation>{name} ist zu schmal für diesen Index: etwa {km} km breit.</translation>
        </message>
        <message>
            <source>{name} may be too narrow for the index of the world, if it shows less than about 60 km.</source>
            <translation>{name} ist vielleicht zu schmal für den Weltindex, wenn es weniger als etwa 60 km zeigt.</translation>
        </message>
        <message>
            <source>With its nadir, finer imagery could be indexed there.</source>
            <translation>Mit seinem Nadir ließen sich dort feinere Bilder indexieren.</translation>
        </message>
        <message>
            <source>Not localized. The likeliest places, to look at:</source>
            <translation>Nicht verortet. Die wahrscheinlichsten Orte, zum Ansehen:</translation>
        </message>
        <message>
            <source>The likeliest places</source>
            <translation>Die wahrscheinlichsten Orte</translation>
        </message>
        <message>
            <source>&amp;Try here</source>
            <translation>Hier &amp;versuchen</translation>
        </message>
        <message>
            <source>Match the photo with the reference at the place that is chosen</source>
            <translation>Das Foto am gewählten Ort mit der Referenz vergleichen</translation>
        </message>
        <message>
            <source>{rank}: no match</source>
            <translation>{rank}: passt nicht</translation>
        </message>
        <message>
            <source>&amp;Zoom</source>
            <translation>&amp;Zoom</translation>
        </message>
        <message>
            <source>Show all of the photo</source>
            <translation>Das ganze Foto zeigen</translation>
        </message>
        <message>
            <source>Show the reference &amp;under the result</source>
            <translation>Die Referenz &amp;unter dem Ergebnis zeigen</translation>
        </message>
        <message>
            <source>A project without layers gets the imagery that the photo was matched with, below the photo</source>
            <translation>Ein Projekt ohne Layer bekommt die Bilder, mit denen das Foto verglichen wurde, unter das Foto gelegt</translation>
        </message>
        <message>
            <source>{n} s</source>
            <translation>{n} s</translation>
        </message>
        <message>
            <source>{n} min</source>
            <translation>{n} min</translation>
        </message>
        <message>
            <source>{n} h</source>
            <translation>{n} h</translation>
        </message>
        <message>
            <source>Exact</source>
            <translation>Genau</translation>
        </message>
        <message>
            <source>Half the size</source>
            <translation>Halbe Größe</translation>
        </message>
        <message>
            <source>A quarter of the size</source>
            <translation>Ein Viertel der Größe</translation>
        </message>
        <message>
            <source>A ninth of the size (256 blocks or more)</source>
            <translation>Ein Neuntel der Größe (ab 256 Blöcken)</translation>
        </message>
        <message>
            <source>A sixteenth of the size (256 blocks or more)</source>
            <translation>Ein Sechzehntel der Größe (ab 256 Blöcken)</translation>
        </message>
        <message>
            <source>At most {blocks} blocks, {size} on disk</source>
            <translation>Höchstens {blocks} Blöcke, {size} auf der Platte</translation>
        </message>
        <message>
            <source>Time: not known before the first build on this computer</source>
            <translation>Zeit: vor dem ersten Bau auf diesem Computer nicht bekannt</translation>
        </message>
        <message>
            <source>Time: about {time}, as fast as the last build</source>
            <translation>Zeit: etwa {time}, so schnell wie der letzte Bau</translation>
        </message>
        <message>
            <source>About {tiles} tiles from the service</source>
            <translation>Etwa {tiles} Kacheln vom Dienst</translation>
        </message>
        <message>
            <source>Too large for the disk: {free} are free</source>
            <translation>Zu groß für die Platte: {free} sind frei</translation>
        </message>
        <message>
            <source>{kind}: {size}</source>
            <translation>{kind}: {size}</translation>
        </message>
        <message>
            <source>Size on disk by storage:</source>
            <translation>Größe auf der Platte je nach Speicherung:</translation>
        </message>
        <message>
            <source>Indexes</source>
            <translation>Indizes</translation>
        </message>
        <message>
            <source>&amp;Use</source>
            <translation>&amp;Verwenden</translation>
        </message>
        <message>
            <source>Look photos up in the selected index</source>
            <translation>Fotos im gewählten Index suchen</translation>
        </message>
        <message>
            <source>&amp;Show on map</source>
            <translation>Auf der Karte &amp;zeigen</translation>
        </message>
        <message>
            <source>Outline what the selected index covers</source>
            <translation>Umreißen, was der gewählte Index abdeckt</translation>
        </message>
        <message>
            <source>&amp;Build…</source>
            <translation>&amp;Bauen…</translation>
        </message>
        <message>
            <source>Build an index of the reference imagery</source>
            <translation>Einen Index der Referenzbilder bauen</translation>
        </message>
        <message>
            <source>&amp;Resume</source>
            <translation>&amp;Fortsetzen</translation>
        </message>
        <message>
            <source>Go on building an unfinished index</source>
            <translation>Einen unfertigen Index weiterbauen</translation>
        </message>
        <message>
            <source>&amp;Check</source>
            <translation>&amp;Prüfen</translation>
        </message>
        <message>
            <source>Read all of the index and compare it with its checksums</source>
            <translation>Den ganzen Index lesen und mit seinen Prüfsummen vergleichen</translation>
        </message>
        <message>
            <source>&amp;Merge…</source>
            <translation>Z&amp;usammenführen…</translation>
        </message>
        <message>
            <source>Make one index of the selected ones (of one model)</source>
            <translation>Aus den gewählten Indizes (eines Modells) einen machen</translation>
        </message>
        <message>
            <source>&amp;Install…</source>
            <translation>&amp;Installieren…</translation>
        </message>
        <message>
            <source>Install a prebuilt index from a file or an address</source>
            <translation>Einen fertigen Index aus einer Datei oder von einer Adresse installieren</translation>
        </message>
        <message>
            <source>&amp;Delete…</source>
            <translation>&amp;Löschen…</translation>
        </message>
        <message>
            <source>Delete the files of the selected index</source>
            <translation>Die Dateien des gewählten Index löschen</translation>
        </message>
        <message>
            <source>Ca&amp;ncel…</source>
            <translation>Abbre&amp;chen…</translation>
        </message>
        <message>
            <source>Stop the build, and delete what is done of it</source>
            <translation>Den Bau anhalten und löschen, was davon fertig ist</translation>
        </message>
        <message>
            <source>Select an index. Several can be merged.</source>
            <translation>Wählen Sie einen Index. Mehrere lassen sich zusammenführen.</translation>
        </message>
        <message>
            <source>The unfinished index lacks {what}: delete it and build it again.</source>
            <translation>Dem unfertigen Index fehlt {what}: Löschen Sie ihn und bauen Sie ihn neu.</translation>
        </message>
        <message>
            <source>{index} is whole: all its files are as they were built.</source>
            <translation>{index} ist unversehrt: Alle Dateien sind, wie sie gebaut wurden.</translation>
        </message>
        <message>
            <source>Checking {index}</source>
            <translation>{index} wird geprüft</translation>
        </message>
        <message>
            <source>One new index with the blocks of {names}; they stay as they are.</source>
            <translation>Ein neuer Index mit den Blöcken von {names}; diese bleiben, wie sie sind.</translation>
        </message>
        <message>
            <source>Merge indexes</source>
            <translation>Indizes zusammenführen</translation>
        </message>
        <message>
            <source>Merge</source>
            <translation>Zusammenführen</translation>
        </message>
        <message>
            <source>Merging the indexes</source>
            <translation>Indizes werden zusammengeführt</translation>
        </message>
        <message>
            <source>Installing the index</source>
            <translation>Index wird installiert</translation>
        </message>
        <message>
            <source>Delete {index} ({size}) for good?

{folder}</source>
            <translation>{index} ({size}) endgültig löschen?

{folder}</translation>
        </message>
        <message>
            <source>Delete index</source>
            <translation>Index löschen</translation>
        </message>
        <message>
            <source>{index} is deleted.</source>
            <translation>{index} ist gelöscht.</translation>
        </message>
        <message>
            <source>Stop building {index}, and delete what is done of it?</source>
            <translation>Den Bau von {index} anhalten und löschen, was davon fertig ist?</translation>
        </message>
        <message>
            <source>Cancel the build</source>
            <translation>Den Bau abbrechen</translation>
        </message>
        <message>
            <source>The build is cancelled, and what was done of it is deleted.</source>
            <translation>Der Bau ist abgebrochen, und was davon fertig war, ist gelöscht.</translation>
        </message>
        <message>
            <source>The index is ready in {folder}. Press Use to look photos up in it.</source>
            <translation>Der Index liegt in {folder} bereit. Mit „Verwenden“ werden Fotos darin gesucht.</translation>
        </message>
        <message>
            <source>&amp;Pause</source>
            <translation>&amp;Pause</translation>
        </message>
        <message>
            <source>Stop now; what is done stays, and Resume goes on from there</source>
            <translation>Jetzt anhalten; was fertig ist, bleibt, und „Fortsetzen“ macht dort weiter</translation>
        </message>
        <message>
            <source>Zooms {zooms}: {west}° to {east}° east, {south}° to {north}° north</source>
            <translation>Zoomstufen {zooms}: {west}° bis {east}° Ost, {south}° bis {north}° Nord</translation>
        </message>
        <message>
            <source>Index</source>
            <translation>Index</translation>
        </message>
        <message>
            <source>Zooms</source>
            <translation>Zoomstufen</translation>
        </message>
        <message>
            <source>Blocks</source>
            <translation>Blöcke</translation>
        </message>
        <message>
            <source>Size</source>
            <translation>Größe</translation>
        </message>
        <message>
            <source>Model</source>
            <translation>Modell</translation>
        </message>
        <message>
            <source>Date</source>
            <translation>Datum</translation>
        </message>
        <message>
            <source>ready</source>
            <translation>bereit</translation>
        </message>
        <message>
            <source>unfinished</source>
            <translation>unfertig</translation>
        </message>
        <message>
            <source>damaged</source>
            <translation>beschädigt</translation>
        </message>
        <message>
            <source>There is already something at {folder}: name a new folder.</source>
            <translation>In {folder} ist schon etwas: Nennen Sie einen neuen Ordner.</translation>
        </message>
        <message>
            <source>A prebuilt index is a ZIP archive made with “index pack”. It is checked before it is used. One from the internet needs the sha256 that its publisher states; a download that breaks off is taken up again.</source>
            <translation>Ein fertiger Index ist ein ZIP-Archiv, das mit „index pack“ gemacht wurde. Es wird vor der Verwendung geprüft. Eines aus dem Internet braucht die sha256, die der Herausgeber nennt; ein abgebrochener Download wird fortgesetzt.</translation>
        </message>
        <message>
            <source>Install index</source>
            <translation>Index installieren</translation>
        </message>
        <message>
            <source>Install</source>
            <translation>Installieren</translation>
        </message>
        <message>
            <source>https://… or a ZIP file</source>
            <translation>https://… oder eine ZIP-Datei</translation>
        </message>
        <message>
            <source>&amp;Browse…</source>
            <translation>&amp;Durchsuchen…</translation>
        </message>
        <message>
            <source>64 digits; needed with an address</source>
            <translation>64 Stellen; bei einer Adresse nötig</translation>
        </message>
        <message>
            <source>&amp;Archive</source>
            <translation>&amp;Archiv</translation>
        </message>
        <message>
            <source>&amp;sha256</source>
            <translation>&amp;sha256</translation>
        </message>
        <message>
            <source>Give the address or the file of an archive.</source>
            <translation>Geben Sie Adresse oder Datei eines Archivs an.</translation>
        </message>
        <message>
            <source>An archive from the internet needs its sha256: its publisher states it.</source>
            <translation>Ein Archiv aus dem Internet braucht seine sha256: Der Herausgeber nennt sie.</translation>
        </message>
        <message>
            <source>The sha256 has 64 digits, 0 to 9 and a to f.</source>
            <translation>Die sha256 hat 64 Stellen, 0 bis 9 und a bis f.</translation>
        </message>
        <message>
            <source>There is no file {file}.</source>
            <translation>Es gibt keine Datei {file}.</translation>
        </message>
        <message>
            <source>ZIP archives ({patterns})</source>
            <translation>ZIP-Archive ({patterns})</translation>
        </message>
        <message>
            <source>Archive of an index</source>
            <translation>Archiv eines Index</translation>
        </message>
        <message>
            <source>Folder that label, or “Footprints from weakly labelled photos”, has written</source>
            <translation>Ordner, den label oder „Umrisse für Fotos mit ungefährem Ort“ geschrieben hat</translation>
        </message>
        <message>
            <source>No doubtful footprint in {folder} waits for a decision.</source>
            <translation>In {folder} wartet kein zweifelhafter Umriss auf eine Entscheidung.</translation>
        </message>
        <message>
            <source>{n} doubtful footprints are on the list: accept or reject each on the desk.</source>
            <translation>{n} zweifelhafte Umrisse sind auf der Liste: nehmen Sie jeden am Arbeitstisch an oder lehnen Sie ihn ab.</translation>
        </message>
        <message>
            <source>{rest} more wait for another time.</source>
            <translation>{rest} weitere warten auf ein andermal.</translation>
        </message>
        <message>
            <source>Doubtful footprint of a label</source>
            <translation>Zweifelhafter Umriss eines Labels</translation>
        </message>
        <message>
            <source>{name} cannot become a label: the horizon is in view, so that not all corners see ground.</source>
            <translation>{name} kann kein Label werden: der Horizont ist im Bild, sodass nicht alle Ecken Boden sehen.</translation>
        </message>
        <message>
            <source>confidence {confidence:.2f}</source>
            <translation>Konfidenz {confidence:.2f}</translation>
        </message>
        <message>
            <source>The footprint of {name} has edits that are not saved: save or discard them first.</source>
            <translation>Der Umriss von {name} hat ungespeicherte Änderungen: diese zuerst speichern oder verwerfen.</translation>
        </message>
        <message>
            <source>Place the photo first: there is nothing to refine from yet.</source>
            <translation>Erst das Foto platzieren: Es gibt noch nichts, wovon verfeinert werden kann.</translation>
        </message>
        <message>
            <source>NASA's outline of {name} is not confirmed: the reference there does not match the photo.</source>
            <translation>Der Umriss der NASA für {name} bestätigt sich nicht: die Referenz dort passt nicht zum Foto.</translation>
        </message>
        <message>
            <source>{n} photos that follow each other</source>
            <translation>{n} Fotos, die aufeinander folgen</translation>
        </message>
        <message>
            <source>{name} is on the map ({note}, {inliers} inliers), but {km} km from its nadir: check the nadir.</source>
            <translation>{name} liegt auf der Karte ({note}, {inliers} Inlier), aber {km} km von seinem Nadir: Nadir prüfen.</translation>
        </message>
        <message>
            <source>{name} is on the map ({note}).</source>
            <translation>{name} liegt auf der Karte ({note}).</translation>
        </message>
        <message>
            <source>{name} is on the map ({note}, {inliers} inliers).</source>
            <translation>{name} liegt auf der Karte ({note}, {inliers} Inlier).</translation>
        </message>
        <message>
            <source>{n} photos were not localized; {name} was the last. The list shows which.</source>
            <translation>{n} Fotos wurden nicht lokalisiert, zuletzt {name}. Die Liste zeigt, welche.</translation>
        </message>
        <message>
            <source>for the other photos</source>
            <translation>auf die anderen Fotos</translation>
        </message>
        <message>
            <source>A corner of the photo sees no ground: it cannot be refined from here.</source>
            <translation>Eine Ecke des Fotos sieht keinen Boden: Von hier kann nicht verfeinert werden.</translation>
        </message>
        <message>
            <source>{name} was not localized there: the reference shows no match at this place.</source>
            <translation>{name} wurde dort nicht verortet: Die Referenz passt an diesem Ort nicht.</translation>
        </message>
        <message>
            <source>{name} stays where it is: the reference there does not match it well enough.</source>
            <translation>{name} bleibt, wo es ist: Die Referenz passt dort nicht gut genug dazu.</translation>
        </message>
        <message>
            <source>{name} was not localized: no place within {km} km of its centre matches it well enough. The desk can search farther (Photo, Search).</source>
            <translation>{name} wurde nicht lokalisiert: Kein Ort innerhalb von {km} km um seine Mitte passt gut genug. Am Arbeitstisch lässt sich weiter suchen (Foto, Suche).</translation>
        </message>
        <message>
            <source>{name} was not localized: no place about its nadir matches it well enough, nor any elsewhere.</source>
            <translation>{name} wurde nicht lokalisiert: Weder um seinen Nadir noch anderswo passt ein Ort gut genug.</translation>
        </message>
        <message>
            <source>{name} was not localized: the reference shows no place that matches it well enough.</source>
            <translation>{name} wurde nicht verortet: Die Referenz zeigt keinen Ort, der gut genug passt.</translation>
        </message>
        <message>
            <source>{name} was not localized: no place matches well enough. Its nadir, under Options, may help.</source>
            <translation>{name} wurde nicht verortet: Kein Ort passt gut genug. Sein Nadir, unter „Optionen“, kann helfen.</translation>
        </message>
        <message>
            <source>Refine from here: no match</source>
            <translation>Von hier verfeinern: kein Treffer</translation>
        </message>
        <message>
            <source>Localize</source>
            <translation>Lokalisieren</translation>
        </message>
        <message>
            <source>Localize: not found</source>
            <translation>Lokalisieren: nicht gefunden</translation>
        </message>
        <message>
            <source>Details</source>
            <translation>Details</translation>
        </message>
        <message>
            <source>What a developer needs to know of this</source>
            <translation>Was Entwickler darüber wissen müssen</translation>
        </message>
        <message>
            <source>AstroLoc: details</source>
            <translation>AstroLoc: Details</translation>
        </message>
        <message>
            <source>placed by its neighbours</source>
            <translation>nach seinen Nachbarn platziert</translation>
        </message>
        <message>
            <source>placed by its neighbours to within {km} km</source>
            <translation>nach seinen Nachbarn auf {km} km genau platziert</translation>
        </message>
        <message>
            <source>refined on {imagery}</source>
            <translation>verfeinert auf {imagery}</translation>
        </message>
        <message>
            <source>not refined on {imagery}</source>
            <translation>nicht verfeinert auf {imagery}</translation>
        </message>
        <message>
            <source>The tie points in {file} cannot be read.</source>
            <translation>Die Passpunkte in {file} sind nicht lesbar.</translation>
        </message>
        <message>
            <source>Redo: {what}</source>
            <translation>Wiederholen: {what}</translation>
        </message>
        <message>
            <source>Undo: {what}</source>
            <translation>Rückgängig: {what}</translation>
        </message>
        <message>
            <source>Choose an index, or build one from the reference.</source>
            <translation>Einen Index wählen oder aus der Referenz erstellen.</translation>
        </message>
        <message>
            <source>high oblique</source>
            <translation>stark geneigt</translation>
        </message>
        <message>
            <source>High oblique, says NASA: the horizon is in view</source>
            <translation>Stark geneigt, sagt die NASA: der Horizont ist im Bild</translation>
        </message>
        <message>
            <source>new</source>
            <translation>neu</translation>
        </message>
        <message>
            <source>waiting</source>
            <translation>wartet</translation>
        </message>
        <message>
            <source>running</source>
            <translation>läuft</translation>
        </message>
        <message>
            <source>localized</source>
            <translation>verortet</translation>
        </message>
        <message>
            <source>needs review</source>
            <translation>zu prüfen</translation>
        </message>
        <message>
            <source>not localized</source>
            <translation>nicht verortet</translation>
        </message>
        <message>
            <source>accepted</source>
            <translation>angenommen</translation>
        </message>
        <message>
            <source>exported</source>
            <translation>exportiert</translation>
        </message>
        <message>
            <source>error</source>
            <translation>Fehler</translation>
        </message>
        <message>
            <source>The nadir “{text}” is not of the form latitude, longitude, for example 19.3, -103.6.</source>
            <translation>Der Nadir „{text}“ hat nicht die Form Breite, Länge, zum Beispiel 19.3, -103.6.</translation>
        </message>
        <message>
            <source>The nadir “{text}” is no place on Earth: latitudes end at 90 degrees, longitudes at 180.</source>
            <translation>Der Nadir „{text}“ ist kein Ort der Erde: Breiten enden bei 90 Grad, Längen bei 180.</translation>
        </message>
        <message>
            <source>The height in the nadir “{text}” must be from {least} to {most} km.</source>
            <translation>Die Höhe im Nadir „{text}“ muss zwischen {least} und {most} km liegen.</translation>
        </message>
        <message>
            <source>from NASA's photo database</source>
            <translation>aus der Bilddatenbank der NASA</translation>
        </message>
        <message>
            <source>proposed by the photo's EXIF</source>
            <translation>vom EXIF des Fotos vorgeschlagen</translation>
        </message>
        <message>
            <source>proposed by orbital elements</source>
            <translation>von Bahnelementen vorgeschlagen</translation>
        </message>
        <message>
            <source>orbital elements</source>
            <translation>Bahnelemente</translation>
        </message>
        <message>
            <source>its work could not be read</source>
            <translation>seine Arbeit konnte nicht gelesen werden</translation>
        </message>
        <message>
            <source>Added</source>
            <translation>Hinzugefügt</translation>
        </message>
        <message>
            <source>Choose the file of the reference imagery.</source>
            <translation>Die Datei der Referenzbilder wählen.</translation>
        </message>
        <message>
            <source>The finer reference is not in the project any more: choose another one.</source>
            <translation>Die feinere Referenz ist nicht mehr im Projekt: Wählen Sie eine andere.</translation>
        </message>
        <message>
            <source>reading the reference</source>
            <translation>Referenz lesen</translation>
        </message>
        <message>
            <source>describing the reference</source>
            <translation>Referenz beschreiben</translation>
        </message>
        <message>
            <source>reading the index</source>
            <translation>Index lesen</translation>
        </message>
        <message>
            <source>fetching the archive</source>
            <translation>Archiv holen</translation>
        </message>
        <message>
            <source>unpacking and checking</source>
            <translation>Entpacken und prüfen</translation>
        </message>
        <message>
            <source>fetching weights</source>
            <translation>Gewichte werden heruntergeladen</translation>
        </message>
        <message>
            <source>checking the weights</source>
            <translation>Gewichte werden geprüft</translation>
        </message>
        <message>
            <source>reading the weights</source>
            <translation>Gewichte werden gelesen</translation>
        </message>
        <message>
            <source>fetching tiles</source>
            <translation>Kacheln holen</translation>
        </message>
        <message>
            <source>reading the photo</source>
            <translation>Foto lesen</translation>
        </message>
        <message>
            <source>describing the photo</source>
            <translation>Foto beschreiben</translation>
        </message>
        <message>
            <source>searching the index</source>
            <translation>Index durchsuchen</translation>
        </message>
        <message>
            <source>matching with the reference</source>
            <translation>mit der Referenz abgleichen</translation>
        </message>
        <message>
            <source>georeferencing</source>
            <translation>georeferenzieren</translation>
        </message>
        <message>
            <source>comparing the photos</source>
            <translation>Fotos werden verglichen</translation>
        </message>
        <message>
            <source>Georeference photos that astronauts took of Earth</source>
            <translation>Fotos georeferenzieren, die Astronauten von der Erde gemacht haben</translation>
        </message>
        <message>
            <source>Models and matchers…</source>
            <translation>Modelle und Matcher…</translation>
        </message>
        <message>
            <source>Review footprints of labels…</source>
            <translation>Umrisse von Labels durchsehen…</translation>
        </message>
        <message>
            <source>Choose the reference imagery: that of an index service is not read from here.</source>
            <translation>Wählen Sie die Referenzbilder: Die eines Indexdienstes werden von hier aus nicht gelesen.</translation>
        </message>
        <message>
            <source>&amp;Set up the engine…</source>
            <translation>&amp;Engine einrichten…</translation>
        </message>
        <message>
            <source>See what would be installed, where and how large, and install it</source>
            <translation>Ansehen, was wohin installiert würde und wie groß es ist, und es installieren</translation>
        </message>
        <message>
            <source>Engine</source>
            <translation>Engine</translation>
        </message>
        <message>
            <source>Installing the engine…</source>
            <translation>Die Engine wird installiert…</translation>
        </message>
        <message>
            <source>&amp;Show the install…</source>
            <translation>In&amp;stallation zeigen…</translation>
        </message>
        <message>
            <source>The device is chosen when the engine starts.</source>
            <translation>Das Gerät wird gewählt, wenn die Engine startet.</translation>
        </message>
        <message>
            <source>Engine: {device}</source>
            <translation>Engine: {device}</translation>
        </message>
        <message>
            <source>Engine: ready</source>
            <translation>Engine: bereit</translation>
        </message>
        <message>
            <source>Installing the engine… {percent} %</source>
            <translation>Die Engine wird installiert… {percent} %</translation>
        </message>
        <message>
            <source>AstroLoc: the engine</source>
            <translation>AstroLoc: die Engine</translation>
        </message>
        <message>
            <source>Give the address.</source>
            <translation>Die Adresse angeben.</translation>
        </message>
        <message>
            <source>Choose the folder.</source>
            <translation>Den Ordner wählen.</translation>
        </message>
        <message>
            <source>AstroLoc's engine needs packages that QGIS does not have (torch, Faiss, OpenCV, kornia and model weights). They go into a folder of their own, so that neither QGIS nor other plugins notice them.</source>
            <translation>AstroLocs Engine braucht Pakete, die QGIS nicht hat (torch, Faiss, OpenCV, kornia und Modellgewichte). Sie kommen in einen eigenen Ordner; weder QGIS noch andere Erweiterungen merken etwas davon.</translation>
        </message>
        <message>
            <source>The engine's folder</source>
            <translation>Ordner der Engine</translation>
        </message>
        <message>
            <source>The package index (PyPI)</source>
            <translation>Der Paketindex (PyPI)</translation>
        </message>
        <message>
            <source>The package index, torch from an address of your own</source>
            <translation>Der Paketindex, torch von einer eigenen Adresse</translation>
        </message>
        <message>
            <source>A folder with the packages (no network)</source>
            <translation>Ein Ordner mit den Paketen (ohne Netz)</translation>
        </message>
        <message>
            <source>https://… of an index with torch for your device</source>
            <translation>https://… eines Index mit torch für Ihr Gerät</translation>
        </message>
        <message>
            <source>Folder with the packages (*.whl)</source>
            <translation>Ordner mit den Paketen (*.whl)</translation>
        </message>
        <message>
            <source>Every file that is installed is checked by its sha256</source>
            <translation>Jede Datei, die installiert wird, wird mit ihrer SHA-256-Prüfsumme geprüft</translation>
        </message>
        <message>
            <source>The new engine is made beside the present one, which works until the new one does</source>
            <translation>Die neue Engine entsteht neben der jetzigen, die läuft, bis die neue läuft</translation>
        </message>
        <message>
            <source>Log</source>
            <translation>Protokoll</translation>
        </message>
        <message>
            <source>&amp;Install</source>
            <translation>&amp;Installieren</translation>
        </message>
        <message>
            <source>&amp;Repair</source>
            <translation>&amp;Reparieren</translation>
        </message>
        <message>
            <source>Put back what is missing or damaged; the rest is not downloaded again</source>
            <translation>Ersetzt, was fehlt oder beschädigt ist; das Übrige wird nicht neu geladen</translation>
        </message>
        <message>
            <source>&amp;Move…</source>
            <translation>&amp;Verschieben…</translation>
        </message>
        <message>
            <source>R&amp;emove…</source>
            <translation>&amp;Entfernen…</translation>
        </message>
        <message>
            <source>&amp;Use another…</source>
            <translation>&amp;Andere…</translation>
        </message>
        <message>
            <source>Use a Python environment that you made yourself</source>
            <translation>Eine selbst eingerichtete Python-Umgebung verwenden</translation>
        </message>
        <message>
            <source>&amp;Source</source>
            <translation>&amp;Quelle</translation>
        </message>
        <message>
            <source>&amp;Address</source>
            <translation>A&amp;dresse</translation>
        </message>
        <message>
            <source>&amp;Packages</source>
            <translation>&amp;Pakete</translation>
        </message>
        <message>
            <source>Torch</source>
            <translation>Torch</translation>
        </message>
        <message>
            <source>Download</source>
            <translation>Download</translation>
        </message>
        <message>
            <source>On the disk</source>
            <translation>Auf der Platte</translation>
        </message>
        <message>
            <source>Device</source>
            <translation>Gerät</translation>
        </message>
        <message>
            <source>{size}; {free} are free</source>
            <translation>{size}; {free} sind frei</translation>
        </message>
        <message>
            <source>What will be installed:</source>
            <translation>Installiert wird:</translation>
        </message>
        <message>
            <source>There is no torch for this system ({system}): use an environment that you made yourself.</source>
            <translation>Für dieses System ({system}) gibt es kein torch: Verwenden Sie eine selbst eingerichtete Umgebung.</translation>
        </message>
        <message>
            <source>The engine is installed; what is chosen here differs from it, and Install would replace it.</source>
            <translation>Die Engine ist installiert; die Auswahl hier weicht davon ab, Installieren würde sie ersetzen.</translation>
        </message>
        <message>
            <source>An install was broken off: Install goes on where it stopped.</source>
            <translation>Eine Installation wurde abgebrochen: Installieren setzt sie fort.</translation>
        </message>
        <message>
            <source>The engine is damaged: Repair puts it in order.</source>
            <translation>Die Engine ist beschädigt: Reparieren bringt sie in Ordnung.</translation>
        </message>
        <message>
            <source>The engine is not installed.</source>
            <translation>Die Engine ist nicht installiert.</translation>
        </message>
        <message>
            <source>&amp;Keep the present torch</source>
            <translation>Jetziges Torch be&amp;halten</translation>
        </message>
        <message>
            <source>Change to C&amp;UDA ({size})</source>
            <translation>Auf C&amp;UDA umstellen ({size})</translation>
        </message>
        <message>
            <source>Change to the s&amp;mall torch ({size})</source>
            <translation>Auf das &amp;kleine Torch umstellen ({size})</translation>
        </message>
        <message>
            <source>Move the engine to</source>
            <translation>Engine verschieben nach</translation>
        </message>
        <message>
            <source>Remove the engine from {folder}? It can be installed again at any time.</source>
            <translation>Die Engine aus {folder} entfernen? Sie lässt sich jederzeit wieder installieren.</translation>
        </message>
        <message>
            <source>The Python program of an environment</source>
            <translation>Das Python-Programm einer Umgebung</translation>
        </message>
        <message>
            <source>From now on the engine runs with {python}.</source>
            <translation>Ab jetzt läuft die Engine mit {python}.</translation>
        </message>
        <message>
            <source>&amp;Retry</source>
            <translation>&amp;Wiederholen</translation>
        </message>
        <message>
            <source>Copied: paste it where you ask for help.</source>
            <translation>Kopiert: dort einfügen, wo Sie um Hilfe bitten.</translation>
        </message>
        <message>
            <source>Ready: {python}</source>
            <translation>Bereit: {python}</translation>
        </message>
        <message>
            <source>AstroLoc's own environment</source>
            <translation>AstroLocs eigene Umgebung</translation>
        </message>
        <message>
            <source>The Python program of an environment that you made yourself</source>
            <translation>Das Python-Programm einer selbst eingerichteten Umgebung</translation>
        </message>
        <message>
            <source>&amp;Models and matchers…</source>
            <translation>&amp;Modelle und Matcher…</translation>
        </message>
        <message>
            <source>See which there are, what each is good for, and get their weights</source>
            <translation>Sehen, welche es gibt und wofür jedes gut ist, und ihre Gewichte holen</translation>
        </message>
        <message>
            <source>Own &amp;Python</source>
            <translation>Eigenes &amp;Python</translation>
        </message>
        <message>
            <source>Work</source>
            <translation>Arbeit</translation>
        </message>
        <message>
            <source>In use: {device}, {why}</source>
            <translation>Verwendet wird: {device}, {why}</translation>
        </message>
        <message>
            <source>automatic: all cores but one</source>
            <translation>automatisch: alle Kerne bis auf einen</translation>
        </message>
        <message>
            <source>automatic: a quarter of the computer's</source>
            <translation>automatisch: ein Viertel des Arbeitsspeichers</translation>
        </message>
        <message>
            <source>What the idle engine may keep in memory, so that the next photo begins at once</source>
            <translation>Was die ruhende Engine im Speicher behalten darf, damit das nächste Foto sofort beginnt</translation>
        </message>
        <message>
            <source>How long the engine may show no progress before it is ended</source>
            <translation>Wie lange die Engine keinen Fortschritt zeigen darf, bevor sie beendet wird</translation>
        </message>
        <message>
            <source>&amp;Start as soon as photos are added</source>
            <translation>&amp;Starten, sobald Fotos hinzugefügt werden</translation>
        </message>
        <message>
            <source>The engine loads its models while you choose, so that the first photo begins at once</source>
            <translation>Die Engine lädt ihre Modelle, während Sie auswählen, damit das erste Foto sofort beginnt</translation>
        </message>
        <message>
            <source>&amp;Device</source>
            <translation>&amp;Gerät</translation>
        </message>
        <message>
            <source>&amp;Threads</source>
            <translation>&amp;Threads</translation>
        </message>
        <message>
            <source>&amp;Memory</source>
            <translation>&amp;Speicher</translation>
        </message>
        <message>
            <source>T&amp;ime limit</source>
            <translation>&amp;Zeitgrenze</translation>
        </message>
        <message>
            <source>Model &amp;weights</source>
            <translation>Modell&amp;gewichte</translation>
        </message>
        <message>
            <source>The engine takes {engine}, further weights {weights}.</source>
            <translation>Die Engine belegt {engine}, weitere Gewichte {weights}.</translation>
        </message>
        <message>
            <source>Clear</source>
            <translation>Leeren</translation>
        </message>
        <message>
            <source>Clear: {cache}</source>
            <translation>Leeren: {cache}</translation>
        </message>
        <message>
            <source>automatic: 2000 MB</source>
            <translation>automatisch: 2000 MB</translation>
        </message>
        <message>
            <source>Map tiles that were not used for longest are deleted beyond this size</source>
            <translation>Darüber hinaus werden die Kartenkacheln gelöscht, die am längsten nicht gebraucht wurden</translation>
        </message>
        <message>
            <source>Map tiles at &amp;most</source>
            <translation>Kartenkacheln &amp;höchstens</translation>
        </message>
        <message>
            <source>When something does not work</source>
            <translation>Wenn etwas nicht geht</translation>
        </message>
        <message>
            <source>with the &amp;names of files and folders</source>
            <translation>mit den &amp;Namen von Dateien und Ordnern</translation>
        </message>
        <message>
            <source>&amp;Copy report</source>
            <translation>Bericht &amp;kopieren</translation>
        </message>
        <message>
            <source>Versions, device, environment and last errors; no passwords</source>
            <translation>Versionen, Gerät, Umgebung und letzte Fehler; keine Passwörter</translation>
        </message>
        <message>
            <source>&amp;Log level</source>
            <translation>Pro&amp;tokollstufe</translation>
        </message>
        <message>
            <source>Log: {file}</source>
            <translation>Protokoll: {file}</translation>
        </message>
        <message>
            <source>The engine has moved to {folder}.</source>
            <translation>Die Engine ist nach {folder} verschoben.</translation>
        </message>
        <message>
            <source>The engine was removed; {size} are free again.</source>
            <translation>Die Engine wurde entfernt; {size} sind wieder frei.</translation>
        </message>
        <message>
            <source>Stopped. What has been done is kept.</source>
            <translation>Angehalten. Was getan ist, bleibt.</translation>
        </message>
        <message>
            <source>The engine is ready: it works on {device} ({why}).</source>
            <translation>Die Engine ist bereit: Sie arbeitet auf {device} ({why}).</translation>
        </message>
        <message>
            <source>The engine is ready: it works on {device}.</source>
            <translation>Die Engine ist bereit: Sie arbeitet auf {device}.</translation>
        </message>
        <message>
            <source>The imagery of the world index, fetched from NASA once the engine is there: photos are found without internet then. Without it, tiles are fetched as they are needed.
{credit}</source>
            <translation>Die Bilddaten des Weltindexes, von der NASA geholt, sobald die Engine da ist: Fotos werden dann ohne Internet gefunden. Sonst werden Kacheln bei Bedarf geholt.
{credit}</translation>
        </message>
        <message>
            <source>Blue Marble is on this computer</source>
            <translation>Blue Marble ist auf diesem Computer</translation>
        </message>
        <message>
            <source>&amp;Keep Blue Marble on this computer too ({size}; NASA's, free to use with credit)</source>
            <translation>Auch Blue Marble auf diesem Computer &amp;behalten ({size}; von der NASA, mit Quellenangabe frei nutzbar)</translation>
        </message>
        <message>
            <source>No room for Blue Marble ({size}) on this disk</source>
            <translation>Auf diesem Datenträger ist kein Platz für Blue Marble ({size})</translation>
        </message>
        <message>
            <source>Models and matchers</source>
            <translation>Modelle und Matcher</translation>
        </message>
        <message>
            <source>&amp;Fetch…</source>
            <translation>&amp;Herunterladen…</translation>
        </message>
        <message>
            <source>Show the licence, then fetch the weights</source>
            <translation>Die Lizenz zeigen, dann die Gewichte herunterladen</translation>
        </message>
        <message>
            <source>Give f&amp;ile…</source>
            <translation>&amp;Datei angeben…</translation>
        </message>
        <message>
            <source>Install the weights of the selected model from a file</source>
            <translation>Die Gewichte des gewählten Modells aus einer Datei installieren</translation>
        </message>
        <message>
            <source>Give f&amp;older…</source>
            <translation>&amp;Ordner angeben…</translation>
        </message>
        <message>
            <source>Install the weights of the selected model from a folder</source>
            <translation>Die Gewichte des gewählten Modells aus einem Ordner installieren</translation>
        </message>
        <message>
            <source>&amp;Own checkpoint…</source>
            <translation>&amp;Eigener Checkpoint…</translation>
        </message>
        <message>
            <source>Install a checkpoint of your own as a new model</source>
            <translation>Einen eigenen Checkpoint als neues Modell installieren</translation>
        </message>
        <message>
            <source>&amp;Remove…</source>
            <translation>&amp;Entfernen…</translation>
        </message>
        <message>
            <source>Delete the weights of the selected model</source>
            <translation>Die Gewichte des gewählten Modells löschen</translation>
        </message>
        <message>
            <source>Listing models and matchers</source>
            <translation>Modelle und Matcher werden aufgelistet</translation>
        </message>
        <message>
            <source>Weights are kept in {folder}.</source>
            <translation>Die Gewichte liegen in {folder}.</translation>
        </message>
        <message>
            <source>Fetch weights</source>
            <translation>Gewichte herunterladen</translation>
        </message>
        <message>
            <source>Fetching {name}</source>
            <translation>{name} wird heruntergeladen</translation>
        </message>
        <message>
            <source>Weights</source>
            <translation>Gewichte</translation>
        </message>
        <message>
            <source>Folder with weights</source>
            <translation>Ordner mit Gewichten</translation>
        </message>
        <message>
            <source>Installing {name}</source>
            <translation>{name} wird installiert</translation>
        </message>
        <message>
            <source>Checkpoint</source>
            <translation>Checkpoint</translation>
        </message>
        <message>
            <source>Name of the new model (small letters, digits, points and dashes):</source>
            <translation>Name des neuen Modells (Kleinbuchstaben, Ziffern, Punkte und Striche):</translation>
        </message>
        <message>
            <source>Own checkpoint</source>
            <translation>Eigener Checkpoint</translation>
        </message>
        <message>
            <source>Delete the weights of {name} ({size})?</source>
            <translation>Die Gewichte von {name} ({size}) löschen?</translation>
        </message>
        <message>
            <source>Remove weights</source>
            <translation>Gewichte entfernen</translation>
        </message>
        <message>
            <source>Deleted: {files}</source>
            <translation>Gelöscht: {files}</translation>
        </message>
        <message>
            <source>Removing {name}</source>
            <translation>{name} wird entfernt</translation>
        </message>
        <message>
            <source>{name}: licence {licence}</source>
            <translation>{name}: Lizenz {licence}</translation>
        </message>
        <message>
            <source>From {source}</source>
            <translation>Von {source}</translation>
        </message>
        <message>
            <source>About {size}</source>
            <translation>Etwa {size}</translation>
        </message>
        <message>
            <source>not published: that of this download is recorded and held to</source>
            <translation>nicht veröffentlicht: die dieses Downloads wird vermerkt, und jeder spätere muss sie haben</translation>
        </message>
        <message>
            <source>sha256: {sha256}</source>
            <translation>sha256: {sha256}</translation>
        </message>
        <message>
            <source>Where no licence is stated, ask the authors before you pass the weights on.</source>
            <translation>Wo keine Lizenz angegeben ist, fragen Sie die Autoren, bevor Sie die Gewichte weitergeben.</translation>
        </message>
        <message>
            <source>Fetch?</source>
            <translation>Herunterladen?</translation>
        </message>
        <message>
            <source>{n} numbers a picture</source>
            <translation>{n} Zahlen je Bild</translation>
        </message>
        <message>
            <source>It comes with the engine: press “Set up the engine…” in AstroLoc's options.</source>
            <translation>Es kommt mit der Engine: drücken Sie „Engine einrichten…“ in den Optionen von AstroLoc.</translation>
        </message>
        <message>
            <source>It comes with AstroLoc or its engine, or is your own.</source>
            <translation>Es kommt mit AstroLoc oder seiner Engine, oder es ist Ihr eigenes.</translation>
        </message>
        <message>
            <source>Name</source>
            <translation>Name</translation>
        </message>
        <message>
            <source>Kind</source>
            <translation>Art</translation>
        </message>
        <message>
            <source>Installed</source>
            <translation>Installiert</translation>
        </message>
        <message>
            <source>Good for</source>
            <translation>Gut für</translation>
        </message>
        <message>
            <source>Licence</source>
            <translation>Lizenz</translation>
        </message>
        <message>
            <source>yes</source>
            <translation>ja</translation>
        </message>
        <message>
            <source>no: set up the engine</source>
            <translation>nein: Engine einrichten</translation>
        </message>
        <message>
            <source>no: can be fetched</source>
            <translation>nein: ladbar</translation>
        </message>
        <message>
            <source>no: by hand</source>
            <translation>nein: von Hand</translation>
        </message>
        <message>
            <source>not stated</source>
            <translation>nicht angegeben</translation>
        </message>
        <message>
            <source>finds the place</source>
            <translation>findet den Ort</translation>
        </message>
        <message>
            <source>matcher</source>
            <translation>Matcher</translation>
        </message>
        <message>
            <source>about {n} MB</source>
            <translation>etwa {n} MB</translation>
        </message>
        <message>
            <source>the small one, for the processor alone</source>
            <translation>das kleine, nur für den Prozessor</translation>
        </message>
        <message>
            <source>the one of your choice, whose bytes are not checked</source>
            <translation>das von Ihnen gewählte, dessen Inhalt nicht geprüft wird</translation>
        </message>
        <message>
            <source>the one with CUDA, for NVIDIA cards</source>
            <translation>das mit CUDA, für NVIDIA-Karten</translation>
        </message>
        <message>
            <source>the usual one</source>
            <translation>das übliche</translation>
        </message>
        <message>
            <source>{size} at most</source>
            <translation>höchstens {size}</translation>
        </message>
        <message>
            <source>; if PyTorch's own index is out of reach, PyPI's torch with CUDA: {size}, {disk} on the disk</source>
            <translation>; ist PyTorchs eigener Index nicht erreichbar, das Torch mit CUDA von PyPI: {size}, auf der Platte {disk}</translation>
        </message>
        <message>
            <source>The engine is installed and up to date.</source>
            <translation>Die Engine ist installiert und aktuell.</translation>
        </message>
        <message>
            <source>The engine is installed. It works on the processor, and a graphics card that is faster was found ({card}): change to CUDA to use it.</source>
            <translation>Die Engine ist installiert. Sie rechnet auf dem Prozessor, und eine schnellere Grafikkarte wurde gefunden ({card}): Stellen Sie auf CUDA um, um sie zu nutzen.</translation>
        </message>
        <message>
            <source>The engine is installed, with CUDA that nothing here uses: the small torch takes {size} on the disk.</source>
            <translation>Die Engine ist installiert, mit CUDA, das hier nichts nutzt: Mit dem kleinen Torch belegt sie {size} auf der Platte.</translation>
        </message>
        <message>
            <source>checking the disk</source>
            <translation>die Platte wird geprüft</translation>
        </message>
        <message>
            <source>making the environment</source>
            <translation>die Umgebung wird angelegt</translation>
        </message>
        <message>
            <source>fetching the installer</source>
            <translation>das Installationsprogramm wird geholt</translation>
        </message>
        <message>
            <source>installing the packages</source>
            <translation>die Pakete werden installiert</translation>
        </message>
        <message>
            <source>installing the model weights</source>
            <translation>die Modellgewichte werden installiert</translation>
        </message>
        <message>
            <source>seeing whether it works</source>
            <translation>es wird erprobt</translation>
        </message>
        <message>
            <source>fetching Blue Marble</source>
            <translation>Blue Marble wird geholt</translation>
        </message>
        <message>
            <source>Footprint</source>
            <translation>Umriss</translation>
        </message>
        <message>
            <source>The photo {file} holds values that are neither of 8 nor of 16 bits: save it so.</source>
            <translation>Das Foto {file} enthält Werte, die weder 8 noch 16 Bit haben: so speichern.</translation>
        </message>
        <message>
            <source>The photo {file} is damaged or truncated: copy or download it again.</source>
            <translation>Das Foto {file} ist beschädigt oder unvollständig: erneut kopieren oder herunterladen.</translation>
        </message>
        <message>
            <source>Reading {name}</source>
            <translation>{name} wird gelesen</translation>
        </message>
        <message>
            <source>The photo {file} cannot be shown.</source>
            <translation>Das Foto {file} kann nicht gezeigt werden.</translation>
        </message>
        <message>
            <source>The photo {file} cannot be opened: check that it is there and is a JPEG, PNG or TIFF.</source>
            <translation>Das Foto {file} kann nicht geöffnet werden: prüfen, ob es da und ein JPEG, PNG oder TIFF ist.</translation>
        </message>
        <message>
            <source>The report {file} cannot be written: choose another folder.</source>
            <translation>Der Bericht {file} kann nicht geschrieben werden: einen anderen Ordner wählen.</translation>
        </message>
        <message>
            <source>No tie points: the photo was placed by hand.</source>
            <translation>Keine Passpunkte: Das Foto wurde von Hand platziert.</translation>
        </message>
        <message>
            <source>Tie points: {on} on, {off} off; the worst of those that are on</source>
            <translation>Passpunkte: {on} ein, {off} aus; die schlechtesten der eingeschalteten</translation>
        </message>
        <message>
            <source>Off by</source>
            <translation>Fehler</translation>
        </message>
        <message>
            <source>The work on the photos cannot be kept in {file}: {reason}.</source>
            <translation>Die Arbeit an den Fotos kann nicht in {file} aufbewahrt werden: {reason}.</translation>
        </message>
        <message>
            <source>The work on the photos in {file} cannot be read: {reason}.</source>
            <translation>Die Arbeit an den Fotos in {file} kann nicht gelesen werden: {reason}.</translation>
        </message>
        <message>
            <source>The work on the photos cannot be kept in {file}: {reason}. Save the project somewhere else.</source>
            <translation>Die Arbeit an den Fotos kann nicht in {file} aufbewahrt werden: {reason}. Das Projekt woanders speichern.</translation>
        </message>
        <message>
            <source>{file} has no columns for the photo's number and its nadir or centre (nadir lat, nadir lon, …).</source>
            <translation>{file} hat keine Spalten für die Nummer des Fotos und seinen Nadir oder seine Mitte (nadir lat, nadir lon, …).</translation>
        </message>
        <message>
            <source>The table {file} cannot be read.</source>
            <translation>Die Tabelle {file} ist nicht lesbar.</translation>
        </message>
        <message>
            <source>{file}, row {row}: {problem}.</source>
            <translation>{file}, Zeile {row}: {problem}.</translation>
        </message>
        <message>
            <source>“{value}” is no photo number</source>
            <translation>„{value}“ ist keine Fotonummer</translation>
        </message>
        <message>
            <source>{n} values in {columns} columns (decimal commas need quotes or semicolons)</source>
            <translation>{n} Werte in {columns} Spalten (Dezimalkommas brauchen Anführungszeichen oder Semikolons)</translation>
        </message>
        <message>
            <source>latitude</source>
            <translation>Breite</translation>
        </message>
        <message>
            <source>longitude</source>
            <translation>Länge</translation>
        </message>
        <message>
            <source>“{value}” is no {what} in degrees</source>
            <translation>„{value}“ ist keine {what} in Grad</translation>
        </message>
        <message>
            <source>Map tiles fetched from services</source>
            <translation>Kartenkacheln von Diensten</translation>
        </message>
        <message>
            <source>Copies of raw photos, to show them</source>
            <translation>Kopien von Rohfotos, um sie zu zeigen</translation>
        </message>
        <message>
            <source>What a broken-off install left</source>
            <translation>Reste einer abgebrochenen Installation</translation>
        </message>
        <message>
            <source>Logs</source>
            <translation>Protokolle</translation>
        </message>
        <message>
            <source>Bad input.</source>
            <translation>Falsche Eingabe.</translation>
        </message>
        <message>
            <source>The command {command} failed. {why}</source>
            <translation>Der Befehl {command} ist fehlgeschlagen. {why}</translation>
        </message>
        <message>
            <source>QGIS's own Python program was not found: choose an environment that you made yourself.</source>
            <translation>QGIS’ eigenes Python-Programm wurde nicht gefunden: Wählen Sie eine selbst eingerichtete Umgebung.</translation>
        </message>
        <message>
            <source>AstroLoc's options</source>
            <translation>den Optionen von AstroLoc</translation>
        </message>
        <message>
            <source>Looked for:</source>
            <translation>Gesucht wurde:</translation>
        </message>
        <message>
            <source>AstroLoc's engine is damaged: press “Set up the engine…” and there Repair.</source>
            <translation>AstroLocs Engine ist beschädigt: Drücken Sie „Engine einrichten…“ und dort Reparieren.</translation>
        </message>
        <message>
            <source>AstroLoc's engine is not installed yet: press “Set up the engine…”.</source>
            <translation>AstroLocs Engine ist noch nicht installiert: Drücken Sie „Engine einrichten…“.</translation>
        </message>
        <message>
            <source>The engine's Python, {path}, named in {source}, is not there.</source>
            <translation>Das Python der Engine, {path}, genannt in {source}, ist nicht da.</translation>
        </message>
        <message>
            <source>The photo {file} cannot be opened: check that it is there.</source>
            <translation>Das Foto {file} lässt sich nicht öffnen: prüfen Sie, ob es noch dort ist.</translation>
        </message>
        <message>
            <source>The photo {file} cannot be shown: the engine could not read it.</source>
            <translation>Das Foto {file} lässt sich nicht zeigen: die Engine konnte es nicht lesen.</translation>
        </message>
        <message>
            <source>The engine sent what nobody can read, and was ended. Just try again.</source>
            <translation>Die Engine sandte Unlesbares und wurde beendet. Versuchen Sie es einfach noch einmal.</translation>
        </message>
        <message>
            <source>The engine is of another version than the plugin (protocol {theirs} instead of {ours}).</source>
            <translation>Die Engine hat eine andere Version als die Erweiterung (Protokoll {theirs} statt {ours}).</translation>
        </message>
        <message>
            <source>The engine's Python, {program}, cannot be started: press “Set up the engine…”.</source>
            <translation>Das Python der Engine, {program}, lässt sich nicht starten: Drücken Sie „Engine einrichten…“.</translation>
        </message>
        <message>
            <source>It ended with status {status}{crash}.</source>
            <translation>Sie endete mit Status {status}{crash}.</translation>
        </message>
        <message>
            <source>The engine could not start: press “Set up the engine…” and there Repair.</source>
            <translation>Die Engine konnte nicht starten: Drücken Sie „Engine einrichten…“ und dort Reparieren.</translation>
        </message>
        <message>
            <source>The engine did not start within {seconds} seconds: try again.</source>
            <translation>Die Engine ist nicht in {seconds} Sekunden gestartet: erneut versuchen.</translation>
        </message>
        <message>
            <source>The engine gave no sign of progress for {seconds} seconds and was ended. Just try again.</source>
            <translation>Die Engine zeigte {seconds} Sekunden lang keinen Fortschritt und wurde beendet. Versuchen Sie es einfach noch einmal.</translation>
        </message>
        <message>
            <source>The engine ran out of memory and stopped: close other programs, then try again.</source>
            <translation>Der Engine ging der Speicher aus: Schließen Sie andere Programme und versuchen Sie es noch einmal.</translation>
        </message>
        <message>
            <source>The engine stopped unexpectedly. Nothing of the project is lost: just try again.</source>
            <translation>Die Engine ist unerwartet stehen geblieben. Vom Projekt ist nichts verloren: einfach erneut versuchen.</translation>
        </message>
        <message>
            <source>There is no index in {folder}: choose another folder, or build one.</source>
            <translation>In {folder} ist kein Index: einen anderen Ordner wählen oder einen Index erstellen.</translation>
        </message>
        <message>
            <source>The index in {folder} is damaged: build it again.</source>
            <translation>Der Index in {folder} ist beschädigt: ihn neu erstellen.</translation>
        </message>
        <message>
            <source>QGIS cannot open {file}, which the engine wrote.</source>
            <translation>QGIS kann {file} nicht öffnen; die Engine hat die Datei geschrieben.</translation>
        </message>
        <message>
            <source>The photo lies where the project's CRS, {crs}, is not defined: choose another for the map.</source>
            <translation>Das Foto liegt, wo das KBS des Projekts, {crs}, nicht definiert ist: ein anderes für die Karte wählen.</translation>
        </message>
        <message>
            <source>The engine wrote no {suffix} file.</source>
            <translation>Die Engine hat keine {suffix}-Datei geschrieben.</translation>
        </message>
        <message>
            <source>Reference</source>
            <translation>Referenz</translation>
        </message>
        <message>
            <source>AstroLoc cannot read imagery from the layer “{name}” ({provider}): use a raster file, an XYZ tile layer or a WMTS layer as the reference.</source>
            <translation>AstroLoc kann keine Bilder aus dem Layer „{name}“ ({provider}) lesen: Nehmen Sie eine Rasterdatei, einen XYZ-Kachellayer oder einen WMTS-Layer als Referenz.</translation>
        </message>
        <message>
            <source>AstroLoc cannot read the tile layer “{name}” (quadkeys): use another layer as the reference.</source>
            <translation>AstroLoc kann den Kachellayer „{name}“ nicht lesen (Quadkeys): Nehmen Sie einen anderen Layer als Referenz.</translation>
        </message>
        <message>
            <source>AstroLoc cannot read the layer “{name}”, which has a time or another dimension: choose a daily service of the finer reference, or use another layer.</source>
            <translation>AstroLoc kann den Layer „{name}“ nicht lesen, der eine Zeit oder eine andere Dimension hat: Wählen Sie einen täglichen Dienst als feinere Referenz, oder nehmen Sie einen anderen Layer.</translation>
        </message>
        <message>
            <source>AstroLoc cannot log in as the layer “{name}” does ({method}): a user and password, or a method that works by headers, are possible.</source>
            <translation>AstroLoc kann sich nicht so anmelden wie der Layer „{name}“ ({method}): Möglich sind Benutzer und Passwort oder ein Verfahren mit Kopfzeilen.</translation>
        </message>
        <message>
            <source>unknown</source>
            <translation>unbekannt</translation>
        </message>
        <message>
            <source>Imagery index</source>
            <translation>Bildindex</translation>
        </message>
        <message>
            <source>Benchmarks</source>
            <translation>Messungen</translation>
        </message>
        <message>
            <source>Processes (empty: as many as the cores)</source>
            <translation>Prozesse (leer: so viele wie Kerne)</translation>
        </message>
        <message>
            <source>Try photos again that failed</source>
            <translation>Gescheiterte Fotos noch einmal versuchen</translation>
        </message>
        <message>
            <source>Cancelled: the layer has the photos that were done until then.</source>
            <translation>Abgebrochen: der Layer enthält die Fotos, die bis dahin fertig waren.</translation>
        </message>
        <message>
            <source>{done} of {total} photos ({localized} localized)</source>
            <translation>{done} von {total} Fotos ({localized} verortet)</translation>
        </message>
        <message>
            <source>{n} a minute</source>
            <translation>{n} je Minute</translation>
        </message>
        <message>
            <source>ends about {time} (in {duration})</source>
            <translation>endet etwa {time} (in {duration})</translation>
        </message>
        <message>
            <source>Folder of photos with known footprints</source>
            <translation>Ordner mit Fotos bekannter Umrisse</translation>
        </message>
        <message>
            <source>The folder {folder} has no {names}: choose one with photos of known footprints.</source>
            <translation>Der Ordner {folder} hat kein {names}: wählen Sie einen mit Fotos bekannter Umrisse.</translation>
        </message>
        <message>
            <source> or </source>
            <translation> oder </translation>
        </message>
        <message>
            <source>measuring; this takes a while, and says nothing until it is done</source>
            <translation>Messung läuft; das dauert eine Weile, und bis zum Ende wird nichts gemeldet</translation>
        </message>
        <message>
            <source>Benchmark matchers</source>
            <translation>Matcher messen</translation>
        </message>
        <message>
            <source>Registers photos whose footprints are known to their reference imagery, with one or several matchers, and says which are right, how far off, and how long it takes. The folder holds a file cases.json that names photos, references and footprints.</source>
            <translation>Registriert Fotos, deren Umrisse bekannt sind, auf ihre Referenzbilder, mit einem oder mehreren Matchern, und sagt, welche richtig liegen, wie weit sie daneben liegen und wie lange es dauert. Der Ordner enthält eine Datei cases.json, die Fotos, Referenzen und Umrisse nennt.</translation>
        </message>
        <message>
            <source>Matchers</source>
            <translation>Matcher</translation>
        </message>
        <message>
            <source>Also to the references of the other photos, where nothing is to be found</source>
            <translation>Auch auf die Referenzen der anderen Fotos, wo nichts zu finden ist</translation>
        </message>
        <message>
            <source>Choose at least one matcher.</source>
            <translation>Wählen Sie mindestens einen Matcher.</translation>
        </message>
        <message>
            <source>Benchmark retrieval</source>
            <translation>Suche messen</translation>
        </message>
        <message>
            <source>Looks photos whose footprints are known up in an index, and says for how many a right place is among the first 1, 5, 10, 20 and 100 candidates. The folder holds a table photos.csv or a file cases.json.</source>
            <translation>Schlägt Fotos, deren Umrisse bekannt sind, in einem Index nach und sagt, für wie viele ein richtiger Ort unter den ersten 1, 5, 10, 20 und 100 Kandidaten ist. Der Ordner enthält eine Tabelle photos.csv oder eine Datei cases.json.</translation>
        </message>
        <message>
            <source>Search only as far from the nadir, km (0: no limit)</source>
            <translation>Nur so weit vom Nadir suchen, km (0: unbegrenzt)</translation>
        </message>
        <message>
            <source>Only the first photos of each region</source>
            <translation>Nur die ersten Fotos jeder Region</translation>
        </message>
        <message>
            <source>Export localization</source>
            <translation>Verortung exportieren</translation>
        </message>
        <message>
            <source>Writes localized photos in the forms that other programs read: GeoTIFF, cloud-optimised GeoTIFF, the untouched photo with tie points, VRT, world file, uncertainty, footprints as GeoPackage, GeoJSON, KML or Shapefile, control points, metadata, and a STAC item.

The input is a layer of footprints that AstroLoc's algorithms wrote: a filter by confidence or place can stand between. Photos that are not localized are passed over. A layer of their tie points is needed for the uncertainty and for control points.</source>
            <translation>Schreibt verortete Fotos in den Formen, die andere Programme lesen: GeoTIFF, cloud-optimiertes GeoTIFF, das unveränderte Foto mit Passpunkten, VRT, World-Datei, Unsicherheit, Umrisse als GeoPackage, GeoJSON, KML oder Shapefile, Passpunkte, Metadaten und ein STAC-Item.

Eingabe ist ein Layer von Umrissen, den AstroLocs Algorithmen geschrieben haben; ein Filter nach Vertrauen oder Ort kann dazwischen stehen. Nicht verortete Fotos werden übergangen. Für die Unsicherheit und für Passpunktdateien wird ein Layer ihrer Passpunkte gebraucht.</translation>
        </message>
        <message>
            <source>Footprints of localized photos</source>
            <translation>Umrisse verorteter Fotos</translation>
        </message>
        <message>
            <source>Their tie points</source>
            <translation>Ihre Passpunkte</translation>
        </message>
        <message>
            <source>Forms</source>
            <translation>Formen</translation>
        </message>
        <message>
            <source>CRS of rasters</source>
            <translation>KBS der Raster</translation>
        </message>
        <message>
            <source>Pixel size in units of the CRS (empty: the photo's own)</source>
            <translation>Pixelgröße in Einheiten des KBS (leer: die des Fotos)</translation>
        </message>
        <message>
            <source>Folder for the files</source>
            <translation>Ordner für die Dateien</translation>
        </message>
        <message>
            <source>Photos that were written</source>
            <translation>Geschriebene Fotos</translation>
        </message>
        <message>
            <source>Photos that could not be written</source>
            <translation>Fotos, die nicht geschrieben werden konnten</translation>
        </message>
        <message>
            <source>Choose at least one form to write.</source>
            <translation>Wählen Sie mindestens eine Form.</translation>
        </message>
        <message>
            <source>The footprints {value} are no layer.</source>
            <translation>Die Umrisse {value} sind kein Layer.</translation>
        </message>
        <message>
            <source>The layer of footprints has no field {name}: take one that AstroLoc's algorithms wrote.</source>
            <translation>Der Layer der Umrisse hat kein Feld {name}: nehmen Sie einen, den AstroLocs Algorithmen geschrieben haben.</translation>
        </message>
        <message>
            <source>No photo of the layer of footprints is localized: there is nothing to export.</source>
            <translation>Kein Foto des Layers der Umrisse ist verortet: es gibt nichts zu exportieren.</translation>
        </message>
        <message>
            <source>The field homography of {photo} is damaged: localize the photo again.</source>
            <translation>Das Feld homography von {photo} ist beschädigt: verorten Sie das Foto erneut.</translation>
        </message>
        <message>
            <source>The layer of tie points is none that AstroLoc's algorithms wrote: choose another.</source>
            <translation>Der Layer der Passpunkte ist keiner, den AstroLocs Algorithmen geschrieben haben: wählen Sie einen anderen.</translation>
        </message>
        <message>
            <source>Build imagery index</source>
            <translation>Bildindex erstellen</translation>
        </message>
        <message>
            <source>Describes satellite imagery block by block into an index, in which photos are looked up. Building takes seconds for a region and many minutes for a continent. A build that is cancelled or killed goes on where it was when it is run again with the same folder.

The zooms are the sizes of the blocks: 9 is about 313 km at the equator, 10 is 156 km, 11 is 78 km, and so on to 14. The photos that are looked up should be about as large as the blocks.</source>
            <translation>Beschreibt Satellitenbilder Block für Block in einem Index, in dem Fotos nachgeschlagen werden. Das dauert für eine Region Sekunden, für einen Kontinent viele Minuten. Wird es abgebrochen, geht es beim nächsten Lauf mit demselben Ordner dort weiter, wo es war.

Die Zoomstufen sind die Größen der Blöcke: 9 sind etwa 313 km am Äquator, 10 sind 156 km, 11 sind 78 km und so weiter bis 14. Die nachgeschlagenen Fotos sollten etwa so groß wie die Blöcke sein.</translation>
        </message>
        <message>
            <source>Extent (empty: all of the imagery)</source>
            <translation>Ausdehnung (leer: alle Bilder)</translation>
        </message>
        <message>
            <source>Model that describes the blocks</source>
            <translation>Modell, das die Blöcke beschreibt</translation>
        </message>
        <message>
            <source>Tiles from one block to the next</source>
            <translation>Kacheln von einem Block zum nächsten</translation>
        </message>
        <message>
            <source>Title</source>
            <translation>Titel</translation>
        </message>
        <message>
            <source>Folder of the index</source>
            <translation>Ordner des Index</translation>
        </message>
        <message>
            <source>The index has {n} blocks.</source>
            <translation>Der Index hat {n} Blöcke.</translation>
        </message>
        <message>
            <source>Check index</source>
            <translation>Index prüfen</translation>
        </message>
        <message>
            <source>Compares all files of an index with their checksums, opens it, and says what it holds: its model, zooms, number of blocks, imagery and credit. An index that is damaged, or that was built with a model that this AstroLoc does not have, is refused with the reason.</source>
            <translation>Vergleicht alle Dateien eines Index mit ihren Prüfsummen, öffnet ihn und sagt, was er enthält: Modell, Zoomstufen, Zahl der Blöcke, Bilder und Herkunft. Ein beschädigter Index, oder einer mit einem Modell, das dieses AstroLoc nicht hat, wird mit dem Grund abgelehnt.</translation>
        </message>
        <message>
            <source>Index {name}</source>
            <translation>Index {name}</translation>
        </message>
        <message>
            <source>{n} at zoom {zoom}</source>
            <translation>{n} in Zoomstufe {zoom}</translation>
        </message>
        <message>
            <source>Credit</source>
            <translation>Herkunft</translation>
        </message>
        <message>
            <source>Extent</source>
            <translation>Ausdehnung</translation>
        </message>
        <message>
            <source>Made</source>
            <translation>Erstellt</translation>
        </message>
        <message>
            <source>Footprints from weakly labelled photos</source>
            <translation>Umrisse für Fotos mit ungefährem Ort</translation>
        </message>
        <message>
            <source>Makes footprints to train on of photos of which no more is known than a point in their middle, good to a degree or two. The table (CSV) has a row a photo, with the columns photo (or number), centre lat, centre lon and, if known, radius, nadir lat, nadir lon and time; NASA's names of these columns are known too.

A footprint is accepted where its confidence is high, the photo's middle lies within the radius of the given centre, and all four corners see ground. All else that was looked at goes to the review list.

The folder gets photos.csv, which training takes, a GeoPackage, the review list, and a report to read. After cancelling, or after any other end, the same run with that folder goes on where it was.</source>
            <translation>Macht Umrisse zum Trainieren für Fotos, von denen nicht mehr bekannt ist als ein Punkt in ihrer Mitte, auf ein oder zwei Grad genau. Die Tabelle (CSV) hat eine Zeile je Foto, mit den Spalten photo (oder number), centre lat, centre lon und, wenn bekannt, radius, nadir lat, nadir lon und time; auch die Namen der NASA für diese Spalten sind bekannt.

Ein Umriss wird angenommen, wo seine Konfidenz hoch ist, die Mitte des Fotos im Umkreis der angegebenen Mitte liegt und alle vier Ecken Boden sehen. Alles andere, was angesehen wurde, kommt auf die Liste zur Durchsicht.

Der Ordner bekommt photos.csv, das das Training liest, ein GeoPackage, die Liste zur Durchsicht und einen Bericht zum Lesen. Nach einem Abbruch oder jedem anderen Ende geht derselbe Lauf mit diesem Ordner da weiter, wo er war.</translation>
        </message>
        <message>
            <source>Table of photos with their centres (CSV)</source>
            <translation>Tabelle der Fotos mit ihrer Mitte (CSV)</translation>
        </message>
        <message>
            <source>Reference imagery (empty: the index's own)</source>
            <translation>Referenzbilder (leer: die des Index)</translation>
        </message>
        <message>
            <source>How far off a centre may be where the table has no radius, km (0: anywhere)</source>
            <translation>Wie weit eine Mitte danebenliegen darf, wo die Tabelle keinen Umkreis hat, km (0: beliebig)</translation>
        </message>
        <message>
            <source>Confidence that a footprint needs</source>
            <translation>Konfidenz, die ein Umriss braucht</translation>
        </message>
        <message>
            <source>Take the nadir from the photo's EXIF where none is given</source>
            <translation>Den Nadir aus dem EXIF des Fotos nehmen, wo keiner angegeben ist</translation>
        </message>
        <message>
            <source>Doubtful footprints</source>
            <translation>Zweifelhafte Umrisse</translation>
        </message>
        <message>
            <source>Folder for photos.csv and all other files</source>
            <translation>Ordner für photos.csv und alle anderen Dateien</translation>
        </message>
        <message>
            <source>Footprints that are accepted</source>
            <translation>Angenommene Umrisse</translation>
        </message>
        <message>
            <source>Photos for review</source>
            <translation>Fotos zur Durchsicht</translation>
        </message>
        <message>
            <source>Files that cannot be read</source>
            <translation>Nicht lesbare Dateien</translation>
        </message>
        <message>
            <source>Table to train on</source>
            <translation>Tabelle zum Trainieren</translation>
        </message>
        <message>
            <source>Review list</source>
            <translation>Liste zur Durchsicht</translation>
        </message>
        <message>
            <source>GeoPackage</source>
            <translation>GeoPackage</translation>
        </message>
        <message>
            <source>Table of photos</source>
            <translation>Tabelle der Fotos</translation>
        </message>
        <message>
            <source>Localize folder of photos</source>
            <translation>Ordner mit Fotos verorten</translation>
        </message>
        <message>
            <source>Localizes all photos of a folder, or those that a table names, into one layer of footprints: a row for each photo, with status, confidence, error, candidate and time. A photo that is not localized has a row without a geometry; a file that cannot be read has one with the status “error” and the reason. No photo stops the others, and several are done at once where the computer has the cores.

A table (CSV) can give nadir, centre, time, tilt and more of each photo, in AstroLoc's or NASA's columns. With a folder, it is looked up by the photos' names or numbers; without one, it names the photos. Photos that follow each other, as in a pass over a coast, can help each other.

Where a folder for files is given, GeoTIFFs are kept in it, with a GeoPackage, a report to read, and a journal: after cancelling, or after any other end, the same run with that folder goes on where it was.</source>
            <translation>Verortet alle Fotos eines Ordners, oder die, die eine Tabelle nennt, in eine Ebene von Umrissen: eine Zeile für jedes Foto, mit Status, Konfidenz, Fehler, Kandidat und Zeit. Ein Foto, das nicht verortet wird, hat eine Zeile ohne Geometrie; eine Datei, die nicht gelesen werden kann, eine mit dem Status „error“ und dem Grund. Kein Foto hält die anderen auf, und mehrere werden zugleich bearbeitet, wo der Rechner die Kerne hat.

Eine Tabelle (CSV) kann Nadir, Mitte, Zeit, Neigung und mehr von jedem Foto angeben, in den Spalten von AstroLoc oder der NASA. Mit einem Ordner wird sie nach den Namen oder Nummern der Fotos durchsucht; ohne einen nennt sie die Fotos. Fotos, die aufeinander folgen, wie bei einem Flug entlang einer Küste, können einander helfen.

Wo ein Ordner für Dateien angegeben ist, bleiben GeoTIFFs darin, mit einem GeoPackage, einem Bericht zum Lesen und einem Journal: nach einem Abbruch oder jedem anderen Ende geht derselbe Lauf mit diesem Ordner da weiter, wo er war.</translation>
        </message>
        <message>
            <source>Folder of photos</source>
            <translation>Ordner mit Fotos</translation>
        </message>
        <message>
            <source>Also the folders in it</source>
            <translation>Auch die Ordner darin</translation>
        </message>
        <message>
            <source>Table of what is known of the photos, or that names them without a folder (CSV)</source>
            <translation>Tabelle mit dem, was über die Fotos bekannt ist, oder die sie ohne Ordner nennt (CSV)</translation>
        </message>
        <message>
            <source>The photos follow each other</source>
            <translation>Die Fotos folgen aufeinander</translation>
        </message>
        <message>
            <source>Kinds of files to keep in the folder</source>
            <translation>Arten von Dateien, die im Ordner bleiben</translation>
        </message>
        <message>
            <source>Folder for files, in which the batch goes on after any end</source>
            <translation>Ordner für Dateien, in dem der Stapel nach jedem Ende weitergeht</translation>
        </message>
        <message>
            <source>Photos that are localized</source>
            <translation>Verortete Fotos</translation>
        </message>
        <message>
            <source>Photos that are not localized</source>
            <translation>Nicht verortete Fotos</translation>
        </message>
        <message>
            <source>Give a folder of photos, or a table that names them.</source>
            <translation>Geben Sie einen Ordner mit Fotos an oder eine Tabelle, die sie nennt.</translation>
        </message>
        <message>
            <source>There is no photo ({suffixes}) in {folder}: choose another folder.</source>
            <translation>In {folder} ist kein Foto ({suffixes}): wählen Sie einen anderen Ordner.</translation>
        </message>
        <message>
            <source>Finds the place that an astronaut photo shows, and georeferences it. The photo is looked up in an index of satellite imagery, and each likely place is matched with the imagery point by point. A photo that cannot be placed is reported as not localized, and is not guessed: its footprint then has no geometry.

The nadir is the point on Earth below the station when the photo was taken. It is not necessary, but the search about it is faster and surer.

The engine works in a process of its own, set up with the button in AstroLoc's dock.</source>
            <translation>Findet den Ort, den ein Astronautenfoto zeigt, und georeferenziert es. Das Foto wird in einem Index von Satellitenbildern nachgeschlagen, und jeder wahrscheinliche Ort wird Punkt für Punkt mit den Bildern verglichen. Ein Foto, das sich nicht verorten lässt, wird als nicht verortet gemeldet und nicht geraten: sein Umriss hat dann keine Geometrie.

Der Nadir ist der Punkt auf der Erde unter der Station, als das Foto aufgenommen wurde. Er ist nicht nötig, aber die Suche um ihn ist schneller und sicherer.

Die Engine arbeitet in einem eigenen Prozess, eingerichtet mit dem Knopf in AstroLocs Dock.</translation>
        </message>
        <message>
            <source>Index (empty: the world, as it comes with the plugin)</source>
            <translation>Index (leer: der Weltindex der Erweiterung)</translation>
        </message>
        <message>
            <source>Centre of the photo, roughly</source>
            <translation>Mitte des Fotos, ungefähr</translation>
        </message>
        <message>
            <source>Search only as far from the centre, km</source>
            <translation>Nur so weit von der Mitte suchen, km</translation>
        </message>
        <message>
            <source>Search only in this extent</source>
            <translation>Nur in dieser Ausdehnung suchen</translation>
        </message>
        <message>
            <source>Nadir: the point below the station, if known</source>
            <translation>Nadir: der Punkt unter der Station, falls bekannt</translation>
        </message>
        <message>
            <source>Height of the camera, km, if known</source>
            <translation>Höhe der Kamera, km, falls bekannt</translation>
        </message>
        <message>
            <source>Matcher (auto: several, cheap ones first)</source>
            <translation>Matcher (auto: mehrere, die schnellen zuerst)</translation>
        </message>
        <message>
            <source>Search thoroughly (takes longer)</source>
            <translation>Gründlich suchen (dauert länger)</translation>
        </message>
        <message>
            <source>Begin no attempt after this time of matching a photo, s</source>
            <translation>Nach dieser Zeit für ein Foto keinen Versuch mehr beginnen, s</translation>
        </message>
        <message>
            <source>CRS of rasters (empty: the reference's)</source>
            <translation>KBS der Raster (leer: das der Referenz)</translation>
        </message>
        <message>
            <source>Footprints</source>
            <translation>Umrisse</translation>
        </message>
        <message>
            <source>Report (JSON)</source>
            <translation>Bericht (JSON)</translation>
        </message>
        <message>
            <source>JSON files (*.json)</source>
            <translation>JSON-Dateien (*.json)</translation>
        </message>
        <message>
            <source>Report to read (HTML)</source>
            <translation>Bericht zum Lesen (HTML)</translation>
        </message>
        <message>
            <source>HTML files (*.html)</source>
            <translation>HTML-Dateien (*.html)</translation>
        </message>
        <message>
            <source>Georeferenced photo</source>
            <translation>Georeferenziertes Foto</translation>
        </message>
        <message>
            <source>Uncertainty in metres</source>
            <translation>Unsicherheit in Metern</translation>
        </message>
        <message>
            <source>Status</source>
            <translation>Status</translation>
        </message>
        <message>
            <source>Reason</source>
            <translation>Grund</translation>
        </message>
        <message>
            <source>Refine from footprint</source>
            <translation>Vom Umriss aus verfeinern</translation>
        </message>
        <message>
            <source>Georeferences a photo whose place is roughly known. The footprint is a polygon of four corners; its first corner is the photo's top left, and the others follow clockwise as in the photo. The footprints that AstroLoc writes are such polygons, also after they were moved by hand.

Of a layer with several polygons, the one is taken whose field “photo” names the photo.</source>
            <translation>Georeferenziert ein Foto, dessen Ort ungefähr bekannt ist. Der Umriss ist ein Polygon mit vier Ecken; seine erste Ecke ist die linke obere des Fotos, die anderen folgen im Uhrzeigersinn wie im Foto. Die Umrisse, die AstroLoc schreibt, sind solche Polygone, auch nachdem sie von Hand verschoben wurden.

Von einem Layer mit mehreren Polygonen wird das genommen, dessen Feld „photo“ das Foto nennt.</translation>
        </message>
        <message>
            <source>Footprint to begin with</source>
            <translation>Umriss, von dem ausgegangen wird</translation>
        </message>
        <message>
            <source>The footprint {value} is no layer.</source>
            <translation>Der Umriss {value} ist kein Layer.</translation>
        </message>
        <message>
            <source>The layer of footprints has {n} polygons for {photo}: give one alone, or name the photo in a field “photo”.</source>
            <translation>Der Layer der Umrisse hat {n} Polygone für {photo}: geben Sie eines allein an, oder nennen Sie das Foto in einem Feld „photo“.</translation>
        </message>
        <message>
            <source>The polygon for {photo} has {n} corners: the footprint of a photo has four.</source>
            <translation>Das Polygon für {photo} hat {n} Ecken: der Umriss eines Fotos hat vier.</translation>
        </message>
        <message>
            <source>{name}: localized, confidence {confidence}, {inliers} inliers</source>
            <translation>{name}: verortet, Vertrauen {confidence}, {inliers} Inlier</translation>
        </message>
        <message>
            <source>{name}: not localized ({reason})</source>
            <translation>{name}: nicht verortet ({reason})</translation>
        </message>
        <message>
            <source>The file {file} cannot be written ({why}): choose another place.</source>
            <translation>Die Datei {file} kann nicht geschrieben werden ({why}): wählen Sie einen anderen Platz.</translation>
        </message>
        <message>
            <source>Retrieve candidates</source>
            <translation>Kandidaten suchen</translation>
        </message>
        <message>
            <source>Ranks the places of an index by their similarity to a photo, without matching any of them: the first step of a localization. Each candidate is the outline of a block of imagery, with its rank, its score and the number of quarter turns of the photo that fit best.</source>
            <translation>Ordnet die Orte eines Index nach ihrer Ähnlichkeit mit einem Foto, ohne einen davon zu vergleichen: der erste Schritt einer Verortung. Jeder Kandidat ist der Umriss eines Blocks der Bilder, mit Rang, Wert und der Zahl der Vierteldrehungen des Fotos, die am besten passen.</translation>
        </message>
        <message>
            <source>Number of candidates</source>
            <translation>Zahl der Kandidaten</translation>
        </message>
        <message>
            <source>name a file or folder</source>
            <translation>nennen Sie eine Datei oder einen Ordner</translation>
        </message>
        <message>
            <source>give a raster layer, or a file that QGIS opens as one</source>
            <translation>geben Sie einen Rasterlayer an, oder eine Datei, die QGIS als einen öffnet</translation>
        </message>
        <message>
            <source>give a vector layer</source>
            <translation>geben Sie einen Vektorlayer an</translation>
        </message>
        <message>
            <source>write it as “longitude,latitude [EPSG:4326]”</source>
            <translation>schreiben Sie „Länge,Breite [EPSG:4326]“</translation>
        </message>
        <message>
            <source>write it as “west,east,south,north [EPSG:4326]”</source>
            <translation>schreiben Sie „West,Ost,Süd,Nord [EPSG:4326]“</translation>
        </message>
        <message>
            <source>name one such as EPSG:4326</source>
            <translation>nennen Sie eines wie EPSG:4326</translation>
        </message>
        <message>
            <source>give true or false</source>
            <translation>geben Sie true oder false an</translation>
        </message>
        <message>
            <source>choose among those offered</source>
            <translation>wählen Sie unter den angebotenen</translation>
        </message>
        <message>
            <source>name a field of the layer</source>
            <translation>nennen Sie ein Feld des Layers</translation>
        </message>
        <message>
            <source>give another value</source>
            <translation>geben Sie einen anderen Wert an</translation>
        </message>
        <message>
            <source>give a number from {low} to {high}</source>
            <translation>geben Sie eine Zahl von {low} bis {high} an</translation>
        </message>
        <message>
            <source>name a file of this kind: {pattern}</source>
            <translation>nennen Sie eine Datei dieser Art: {pattern}</translation>
        </message>
        <message>
            <source>choose among {names}</source>
            <translation>wählen Sie unter {names}</translation>
        </message>
        <message>
            <source>name a file or folder to write</source>
            <translation>nennen Sie eine Datei oder einen Ordner zum Schreiben</translation>
        </message>
        <message>
            <source>The parameter “{label}” ({name}) is missing: {hint}.</source>
            <translation>Der Parameter „{label}“ ({name}) fehlt: {hint}.</translation>
        </message>
        <message>
            <source>The parameter “{label}” ({name}) cannot be {value}: {hint}.</source>
            <translation>Der Parameter „{label}“ ({name}) kann nicht {value} sein: {hint}.</translation>
        </message>
        <message>
            <source>{what}: there is no file {path}.</source>
            <translation>{what}: es gibt keine Datei {path}.</translation>
        </message>
        <message>
            <source>{what}: there is no folder {path}.</source>
            <translation>{what}: es gibt keinen Ordner {path}.</translation>
        </message>
        <message>
            <source>No index of the world came with this plugin: choose the folder of an index.</source>
            <translation>Mit dieser Erweiterung kam kein Weltindex: wählen Sie den Ordner eines Index.</translation>
        </message>
        <message>
            <source>The reference imagery {value} cannot be opened: choose a raster layer or file.</source>
            <translation>Die Referenzbilder {value} lassen sich nicht öffnen: wählen Sie einen Rasterlayer oder eine Datei.</translation>
        </message>
        <message>
            <source>The point {value} is no place on Earth: write longitude,latitude in degrees.</source>
            <translation>Der Punkt {value} ist kein Ort auf der Erde: schreiben Sie Länge,Breite in Grad.</translation>
        </message>
        <message>
            <source>A height of the camera is of use with its nadir alone: give the nadir too.</source>
            <translation>Eine Höhe der Kamera nützt nur mit ihrem Nadir: geben Sie auch den Nadir an.</translation>
        </message>
        <message>
            <source>The extent {value} is empty: give another.</source>
            <translation>Die Ausdehnung {value} ist leer: geben Sie eine andere an.</translation>
        </message>
        <message>
            <source>There is no CRS {value}: name one such as EPSG:4326.</source>
            <translation>Es gibt kein KBS {value}: nennen Sie eines wie EPSG:4326.</translation>
        </message>
        <message>
            <source>The raster {file} is written as a GeoTIFF: give it a name in .tif.</source>
            <translation>Das Raster {file} wird als GeoTIFF geschrieben: geben Sie ihm einen Namen auf .tif.</translation>
        </message>
        <message>
            <source>Warp photo from tie points</source>
            <translation>Foto nach Passpunkten entzerren</translation>
        </message>
        <message>
            <source>Georeferences a photo by tie points: places whose position in the photo is known. Two points give position, scale and rotation; three shear it; four or more give the perspective, and more are fitted by least squares.

The points are either a layer with the photo's pixels in two fields (x to the right, y down from the top left corner of the upright photo), such as the tie points that the other algorithms write, or a .points file of QGIS's Georeferencer. Of a layer with a field “inlier” only the inliers count, and with a field “photo” only those of this photo.</source>
            <translation>Georeferenziert ein Foto nach Passpunkten: Orten, deren Lage im Foto bekannt ist. Zwei Punkte geben Lage, Maßstab und Drehung; drei scheren es; vier oder mehr geben die Perspektive, und mehr werden nach kleinsten Quadraten angepasst.

Die Punkte sind entweder ein Layer mit den Pixeln des Fotos in zwei Feldern (x nach rechts, y nach unten von der linken oberen Ecke des aufrechten Fotos), wie die Passpunkte, die die anderen Algorithmen schreiben, oder eine .points-Datei des Georeferenzierers von QGIS. Von einem Layer mit einem Feld „inlier“ zählen nur die Inlier, mit einem Feld „photo“ nur die dieses Fotos.</translation>
        </message>
        <message>
            <source>Tie points (layer)</source>
            <translation>Passpunkte (Layer)</translation>
        </message>
        <message>
            <source>Field with the column in the photo, pixels</source>
            <translation>Feld mit der Spalte im Foto, Pixel</translation>
        </message>
        <message>
            <source>Field with the row in the photo, pixels</source>
            <translation>Feld mit der Zeile im Foto, Pixel</translation>
        </message>
        <message>
            <source>Tie points (.points file)</source>
            <translation>Passpunkte (.points-Datei)</translation>
        </message>
        <message>
            <source>CRS of the raster</source>
            <translation>KBS des Rasters</translation>
        </message>
        <message>
            <source>Root mean square error, pixels of the photo</source>
            <translation>Mittlerer quadratischer Fehler, Pixel des Fotos</translation>
        </message>
        <message>
            <source>Number of tie points</source>
            <translation>Zahl der Passpunkte</translation>
        </message>
        <message>
            <source>Give the tie points either as a layer or as a .points file.</source>
            <translation>Geben Sie die Passpunkte entweder als Layer oder als .points-Datei an.</translation>
        </message>
        <message>
            <source>There are {n} tie points for {photo}: at least {fewest} are needed.</source>
            <translation>Für {photo} gibt es {n} Passpunkte: mindestens {fewest} werden gebraucht.</translation>
        </message>
        <message>
            <source>{n} tie points, off by {rmse} pixels</source>
            <translation>{n} Passpunkte, im Mittel um {rmse} Pixel daneben</translation>
        </message>
        <message>
            <source>The tie points {value} are no layer.</source>
            <translation>Die Passpunkte {value} sind kein Layer.</translation>
        </message>
        <message>
            <source>The layer of tie points has no field {name}: choose another.</source>
            <translation>Der Layer der Passpunkte hat kein Feld {name}: wählen Sie ein anderes.</translation>
        </message>
        <message>
            <source>A tie point has no number in {fields}: fill them in, or delete the point.</source>
            <translation>Ein Passpunkt hat keine Zahl in {fields}: tragen Sie sie ein, oder löschen Sie den Punkt.</translation>
        </message>
        <message>
            <source>The tie points of {photo} contradict each other or lie in one place: check them.</source>
            <translation>Die Passpunkte von {photo} widersprechen sich oder liegen an einer Stelle: prüfen Sie sie.</translation>
        </message>
    </context>
</TS>
